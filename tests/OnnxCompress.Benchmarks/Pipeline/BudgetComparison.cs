using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Search;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// What each kind of budget gives of each model, and beside it what the goal without a budget finds: one row for each result, timed
/// beside the original by one thread. Rows that reach the goal on the samples that the goal is held to, and that the goal's objective
/// prefers to its own result, are marked; so are models that are slower than the original.
/// </summary>
public static class BudgetComparison
{
    /// <summary>Pairs of runs, and sizes that are worth another rule, are not told apart more finely.</summary>
    private const double TimeNoise = 0.03, SizeNoise = 0.01, Slower = 1.02;

    private sealed record Row(string Asked, bool Keeps, double Time, double Bytes, double Parameters, double Macs, bool IsGoal);

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Names of models; <c>--samples N</c>, <c>--kinds goal,goal-bytes,macs,params,bytes,latency</c>, <c>--shares 0.9,0.7</c>,
    /// <c>--keep P</c>: the goal's agreement, <c>--cache FOLDER</c>.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : otherwise;
        string[] names = [.. args.Where((a, i) => !a.StartsWith("--", StringComparison.Ordinal) && (i == 0 || !args[i - 1].StartsWith("--", StringComparison.Ordinal)))];
        var samples = int.Parse(Option("--samples", "1000"), CultureInfo.InvariantCulture);
        var keep = double.Parse(Option("--keep", "0.99"), CultureInfo.InvariantCulture);
        var folder = Option("--cache", "") is { Length: > 0 } named ? named : null;
        double[] shares = [.. Option("--shares", "0.9,0.7,0.5,0.35,0.2").Split(',').Select(s => double.Parse(s, CultureInfo.InvariantCulture))];
        string[] kinds = Option("--kinds", "goal,macs,params,bytes,latency").Split(',');
        Console.WriteLine("| model | asked | rule | parameters | MACs | bytes | time | agreement on test data | reaches the goal | seconds | |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (_, open) in SharedCase.All.Where(c => names.Length == 0 || names.Contains(c.Name)))
        {
            using var shared = open();
            if (shared is not null)
            {
                Compare(shared, Asked(kinds, shares, keep), keep, samples, folder);
            }
        }

        return 0;
    }

    private static IEnumerable<(string Text, CompressionOptions Options)> Asked(string[] kinds, double[] shares, double keep)
    {
        foreach (var kind in kinds)
        {
            if (kind.StartsWith("goal", StringComparison.Ordinal))
            {
                var goal = new CompressionGoal(keep, null);
                yield return ($"{kind} {keep}", new() { Goal = kind == "goal" ? goal : goal with { Objective = Enum.Parse<CompressionObjective>(kind[5..], ignoreCase: true) } });
                continue;
            }

            foreach (var share in shares)
            {
                Budget budget = kind switch
                {
                    "macs" => new(KeepMacs: share),
                    "params" => new(KeepParameters: share),
                    "bytes" => new(KeepBytes: share),
                    _ => new(KeepLatency: share),
                };
                yield return (string.Create(CultureInfo.InvariantCulture, $"{kind} {share}"), new() { Budget = budget });
            }
        }
    }

    private static void Compare(SharedCase shared, IEnumerable<(string Text, CompressionOptions Options)> asked, double keep, int samples, string? folder)
    {
        var rows = new List<Row>();
        foreach (var (text, options) in asked)
        {
            if (Made(shared, text, options with { Threads = 1, CacheFolder = folder, Precision = NumberForm.Float }, keep, samples, rows.Find(r => r.IsGoal)) is { } row)
            {
                rows.Add(row);
            }
        }

        if (rows.Find(r => r.IsGoal) is { } goal)
        {
            var better = rows.Count(r => Dominates(r, goal));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{shared.Name}: {better} of {rows.Count - 1} budgets dominate the goal's result."));
        }
    }

    private static Row? Made(SharedCase shared, string text, CompressionOptions options, double keep, int samples, Row? goal)
    {
        var (runtime, token, watch) = (new OrtRuntime(), CancellationToken.None, Stopwatch.StartNew());
        var data = shared.Split(options.Seed, samples);
        CompressionResult result;
        try
        {
            result = new Compressor(new CpuBackend(1), runtime).Compress(
                shared.Model, data, options, null, token);
        }
        catch (OnnxCompressException nothing) when (nothing.Diagnostic.Code is DiagnosticCodes.GoalNotReached or DiagnosticCodes.BudgetOutOfReach)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {shared.Name} | {text} | {nothing.Diagnostic.Code} {nothing.Message} | | | | | | | {watch.Elapsed.TotalSeconds:F0} | |"));
            return null;
        }

        var seconds = watch.Elapsed.TotalSeconds;
        var time = new LatencyComparer(runtime).Compare(shared.Model, result.Model, shared.Test, new LatencyOptions { Threads = 1, Time = TimeSpan.FromSeconds(3) }, null, token).Ratio;
        var wanted = new CompressionGoal(keep, null);
        bool Keeps(IPlanJudge? judge) => judge is null || wanted.Accepts(judge.Score(result.Model, token));
        var keeps = Keeps(StageOptions.Judge(runtime, shared.Model, data, options)) && Keeps(StageOptions.Guard(runtime, shared.Model, data, options));
        var (before, after) = (result.Original, result.Compressed);
        var row = new Row(text, keeps, time, (double)after.Bytes / before.Bytes, (double)after.Parameters / before.Parameters, (double)after.Macs / before.Macs, options.Goal is not null);
        var mark = (goal is not null && Dominates(row, goal) ? "better than the goal's " : "") + (time > Slower ? "slower" : "");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {shared.Name} | {text} | {result.Plan.Rule} | {row.Parameters:F3} | {row.Macs:F3} | {row.Bytes:F3} | {time:F3} | {shared.Score(result.Model).Agreement:F4} | {(keeps ? "yes" : "no")} | {seconds:F0} | {mark} |"));
        return row;
    }

    /// <summary>Whether the objective of the default goal, time and then bytes, prefers a row beyond what is noise.</summary>
    private static bool Dominates(Row row, Row goal) => row.Keeps
        && (row.Time < goal.Time - TimeNoise || (row.Time <= goal.Time + (TimeNoise / 2) && row.Bytes < goal.Bytes - SizeNoise));
}
