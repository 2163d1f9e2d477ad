using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// What guard samples promise against what test data keep: models calibrated on the data that they were trained on, at budgets of
/// multiply-accumulates. Prints a table in Markdown, and how often the cautious figure was not above the agreement on test data.
/// </summary>
public static class PromiseComparison
{
    private const int CalibrationSamples = 1000;
    private const double GuardShare = 0.25;
    private const double Good = 0.99;

    private static readonly double[] Budgets = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35];

    // The others have too few calibration images for a guard.
    private static readonly string[] Trained = ["resnet20", "resnet8", "fm_mlp", "fm_lenet", "sst2"];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Names of models, or parts of them; none: all. <c>--goal</c>: the smallest model at the default goal in place of budgets.
    /// <c>--unseen</c>: the goal is held on the first half of the test data, which the networks were not trained on, and judged on the other half.
    /// <c>--seed N</c>: another division of the samples.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var isUnseen = args.Contains("--unseen");
        var isGoal = isUnseen || args.Contains("--goal");
        var at = Array.IndexOf(args, "--seed");
        var seed = at < 0 ? 0 : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
        string[] names = [.. args.Where((arg, i) => arg is not ("--goal" or "--unseen") && (at < 0 || (i != at && i != at + 1)))];
        Console.WriteLine("| model | budget | agreement of the guard | at least, 95% | cautious | agreement on test data |");
        Console.WriteLine("|---|---|---|---|---|---|");
        var rows = new List<(double Cautious, double Bound, double Test)>();
        foreach (var (_, open) in SharedCase.All.Where(c => Trained.Contains(c.Name) && (names.Length == 0 || names.Any(a => c.Name.Contains(a, StringComparison.Ordinal)))))
        {
            using var shared = open();
            foreach (var options in shared is null ? [] : Options(isGoal, isUnseen, seed))
            {
                try
                {
                    Row(shared!, options, rows);
                }
                catch (OnnxCompressException nothing) when (nothing.Diagnostic.Code == DiagnosticCodes.GoalNotReached)
                {
                    Console.WriteLine($"| {shared!.Name} | goal | {nothing.Message} | | | |");
                }
            }
        }

        Summarise(rows);
        return 0;
    }

    private static IEnumerable<CompressionOptions> Options(bool isGoal, bool isUnseen, int seed) => isGoal
        ? [new() { Goal = new(Good, null) { IsUnseen = isUnseen }, Seed = seed, Threads = 1 }]
        : Budgets.Select(share => new CompressionOptions { Budget = new(KeepMacs: share), Seed = seed, Threads = 1 });

    private static void Row(SharedCase shared, CompressionOptions options, List<(double Cautious, double Bound, double Test)> rows)
    {
        var (runtime, token) = (new OrtRuntime(), CancellationToken.None);
        var half = shared.Test.Count / 2;
        var isUnseen = options.Goal is { IsUnseen: true };
        var all = isUnseen ? new SubsetSampleSource(shared.Test, [.. Enumerable.Range(0, half)]) : shared.Calibration(int.MaxValue);
        var split = SampleSplit.Create(all, GuardShare, options.Seed, CalibrationSamples, token);
        SubsetSampleSource Part(IReadOnlyList<int> indices) => new(all, indices);
        var result = new Compressor(new CpuBackend(1), runtime).Compress(
            shared.Model, new CompressionData(Part(split.Statistics), Part(split.Validation), Part(split.Guard)), options, null, token);
        var guard = new ModelVerifier(runtime).Verify(shared.Model, result.Model, Part(split.Guard), new VerificationOptions { Beside = Part(split.Validation) }, null, token);
        var test = isUnseen
            ? new ModelVerifier(runtime).Verify(shared.Model, result.Model, new SubsetSampleSource(shared.Test, [.. Enumerable.Range(half, shared.Test.Count - half)]), new VerificationOptions(), null, token)
            : shared.Score(result.Model);
        rows.Add((guard.CautiousAgreement!.Value, guard.AgreementLower95!.Value, test.Agreement!.Value));
        var share = (double)result.Compressed.Macs / result.Original.Macs;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {shared.Name} | {options.Budget.KeepMacs?.ToString(CultureInfo.InvariantCulture) ?? $"goal, {share:F3} of the MACs"} | {guard.Agreement:F4} | {guard.AgreementLower95:F4} | {guard.CautiousAgreement:F4} | {test.Agreement:F4} |"));
    }

    private static void Summarise(List<(double Cautious, double Bound, double Test)> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var good = rows.Where(row => row.Test >= Good).ToList();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{rows.Count} runs: the cautious figure is at most the agreement on test data in {rows.Count(row => row.Cautious <= row.Test)}, the bound in {rows.Count(row => row.Bound <= row.Test)}. "
            + $"Disagreement, mean: {rows.Average(row => 1 - row.Cautious):F4} cautious, {rows.Average(row => 1 - row.Test):F4} on test data. "
            + $"Of {good.Count} results with {Good} on test data the cautious figure is at most {good.Select(row => row.Test - row.Cautious).DefaultIfEmpty(0).Max():F4} below."));
    }
}
