using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Search;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Whether what the tool expects of a plan is what its model takes: the share of the original's time that times of single nodes and
/// the models of a few plans predict, beside the share that paired runs of the whole models measure. Plans that the prediction was
/// calibrated with are left out.
/// </summary>
public static class NodeTiming
{
    private const double Near = 0.05;

    private const int Samples = 100;

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Threads (default 1), then a folder that keeps the times (<c>-</c> for none), then names of models.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var threads = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1;
        var folder = args.ElementAtOrDefault(1) is { } named and not "-" ? named : null;
        Console.WriteLine("| model | budget | rule | tables alone | modelled | measured | layers | splits | others |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        var misses = new List<double>();
        foreach (var (name, open) in SharedCase.All.Where(c => args.Length < 3 || args.Skip(2).Contains(c.Name, StringComparer.Ordinal)))
        {
            using var shared = open();
            if (shared is not null)
            {
                var own = new List<double>();
                Compare(name, shared, new() { Threads = threads, CacheFolder = folder }, own);
                Conclude(name, own);
                misses.AddRange(own);
            }
        }

        Conclude("all", misses);
        return 0;
    }

    private static void Compare(string name, SharedCase shared, CompressionOptions options, List<double> misses)
    {
        var (runtime, token) = (new OrtRuntime(), CancellationToken.None);
        var samples = shared.Calibration(Samples);
        var tools = new PipelineTools(runtime, new CpuBackend(1), new StageWatch(null), null);
        using var pipeline = OnnxCompress.Pipeline.Open(tools, shared.Model, samples, options with { Budget = new Budget(KeepLatency: 0.5) }, token);
        var executor = (PlanExecutor)pipeline.Executor;
        var cost = ((Planner)pipeline.Planner).Time!;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {cost.WholeMilliseconds:F3} ms; {cost.Weights}"));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (asked, budget) in Budgets())
        {
            foreach (var rule in pipeline.Planner.Rules.Where(r => !r.ByOperations))
            {
                CompressionPlan plan;
                try
                {
                    plan = pipeline.Planner.Plan(budget, rule, token);
                }
                catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
                {
                    continue;
                }

                if (plan.Sites.Count == 0 || pipeline.Times.IsOfCalibration(plan) || !seen.Add((plan with { Rule = "" }).ToText()))
                {
                    continue;
                }

                var measured = new LatencyComparer(runtime).Compare(
                    shared.Model, executor.Sketch(plan, token), samples, new LatencyOptions { Threads = options.Threads, Time = TimeSpan.FromSeconds(3), Rounds = 1000 }, null, token).Ratio;
                var parts = executor.PartsOf(plan, cost);
                var (modelled, whole) = (cost.ShareOf(parts), cost.WholeMilliseconds);
                misses.Add(Math.Abs(modelled - measured));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {name} | {asked} | {rule.Name} | {parts.Sum / whole:F3} | {modelled:F3} | {measured:F3} | {parts.Layers / whole:F3} | {parts.Splits / whole:F3} | {parts.Others / whole:F3} |"));
            }
        }

        pipeline.Times.Keep();
    }

    private static void Conclude(string name, List<double> misses)
    {
        if (misses.Count > 0)
        {
            misses.Sort();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {misses.Count} plans: {(double)misses.Count(m => m <= Near) / misses.Count:P0} within {Near} of what was measured; the miss of nine in ten is at most {misses[Math.Max(0, (misses.Count * 9 / 10) - 1)]:F3}, the largest {misses[^1]:F3}."));
        }
    }

    private static IEnumerable<(string Asked, Budget Budget)> Budgets()
    {
        foreach (var share in new[] { 0.85, 0.65, 0.5 })
        {
            yield return (string.Create(CultureInfo.InvariantCulture, $"time {share}"), new Budget(KeepLatency: share) { IsPredicted = true });
        }

        foreach (var share in new[] { 0.8, 0.6 })
        {
            yield return (string.Create(CultureInfo.InvariantCulture, $"macs {share}"), new Budget(KeepMacs: share));
        }
    }
}
