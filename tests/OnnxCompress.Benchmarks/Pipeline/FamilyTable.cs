using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Search;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// The table of the README: what a model of each family becomes when nothing is said but where model and data are, and beside it
/// when its numbers stay floating point. Judged on test data that neither training nor calibration saw; one thread, one sample.
/// </summary>
public static class FamilyTable
{
    private const double Goal = 0.99;

    private static readonly (string Family, string Model)[] Families =
    [
        ("convolutional network", "fm_lenet"), ("thin residual network", "resnet20"), ("network for phones", "mobilenet"), ("dense network", "fm_mlp"), ("transformer encoder", "sst2"),
    ];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Names of models; <c>--samples N</c>.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var at = Array.IndexOf(args, "--samples");
        var samples = at >= 0 ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : 1000;
        Console.WriteLine("| family | model | numbers | bytes | time | same decisions | accuracy | what was done | seconds |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        foreach (var (family, name) in Families.Where(f => args.Length == (at >= 0 ? 2 : 0) || args.Contains(f.Model)))
        {
            using var shared = SharedCase.All.Single(c => c.Name == name).Open();
            foreach (NumberForm? form in new NumberForm?[] { null, NumberForm.Float })
            {
                if (shared is not null)
                {
                    Console.WriteLine($"| {family} | {shared.Name} | {(form is null ? "the tool's choice" : "floating point")} | {Row(shared, form, samples)} |");
                }
            }
        }

        return 0;
    }

    private static string Row(SharedCase shared, NumberForm? form, int samples)
    {
        var (runtime, watch) = (new OrtRuntime(), Stopwatch.StartNew());
        var options = new CompressionOptions { Goal = new CompressionGoal(Goal, null), Threads = 1, Precision = form };
        try
        {
            var result = new Compressor(new CpuBackend(1), runtime).Compress(shared.Model, shared.Split(options.Seed, samples), options, null, CancellationToken.None);
            var seconds = watch.Elapsed.TotalSeconds;
            var time = new LatencyComparer(runtime).Compare(
                shared.Model, result.Model, shared.Test, new LatencyOptions { Threads = 1, Time = TimeSpan.FromSeconds(3) }, null, CancellationToken.None).Ratio;
            var score = shared.Score(result.Model);
            var done = $"{result.Plan.Precision.ToString().ToLowerInvariant()}, {result.Plan.Channels.Count()} groups of channels, {result.Plan.Splits.Count()} layers split";
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{(double)result.Compressed.Bytes / result.Original.Bytes:P1} | {time:P1} | {score.Agreement:P2} | {100 * (score.Accuracy!.Compressed - score.Accuracy.Original):+0.00;-0.00;0.00} points | {done} | {seconds:F0}");
        }
        catch (OnnxCompressException nothing) when (nothing.Diagnostic.Code == DiagnosticCodes.GoalNotReached)
        {
            return string.Create(CultureInfo.InvariantCulture, $"100% | 100% | 100% | 0 points | nothing smaller keeps {Goal:P0}: the model stays as it is | {watch.Elapsed.TotalSeconds:F0}");
        }
    }
}
