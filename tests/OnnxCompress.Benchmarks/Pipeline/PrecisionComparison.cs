using System.Globalization;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Simplification;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Models in 8 bits: plain rounding with least and greatest values, then with one thing more at a time. Scored on test images
/// that nothing was taken from, timed beside the original with one thread. Prints a table in Markdown.
/// </summary>
public static class PrecisionComparison
{
    private const int CalibrationSamples = 1000;

    private static readonly (string Name, Func<QuantizerOptions, QuantizerOptions> With)[] Variants =
    [
        ("plain rounding, least and greatest", o => o with { FitsRanges = false, Refits = false, Feeds = false, Corrects = false }),
        ("and ranges by histogram", o => o with { Refits = false, Feeds = false, Corrects = false }),
        ("and biases corrected", o => o with { Refits = false, Feeds = false }),
        ("and error feedback", o => o with { Refits = false }),
        ("and weights solved again", o => o),
    ];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args">Names of models, or parts of them; none: all. <c>--how TEXT</c>: only the ways with this text in their names.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var at = Array.IndexOf(args, "--how");
        var how = at >= 0 && at + 1 < args.Length ? args[at + 1] : "";
        args = at < 0 ? args : [.. args[..at], .. args.Skip(at + 2)];
        Console.WriteLine("| model | how | agreement | accuracy | relative error | bytes | latency |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var (name, open) in SharedCase.All.Where(c => args.Length == 0 || args.Any(a => c.Name.Contains(a, StringComparison.Ordinal))))
        {
            using var shared = open();
            if (shared is not null)
            {
                Compare(shared, how);
            }
        }

        return 0;
    }

    private static void Compare(SharedCase shared, string how)
    {
        var (runtime, backend, token) = (new OrtRuntime(), new CpuBackend(), CancellationToken.None);
        var samples = shared.Calibration(CalibrationSamples);
        var model = Simplifier.Simplify(shared.Model, runtime, samples.Read([0]), token);
        var grid = SaturationProbe.GridFor(runtime, model, token);
        foreach (var (name, with) in Variants.Where(v => v.Name.Contains(how, StringComparison.Ordinal)))
        {
            var options = with(new QuantizerOptions(new ReconstructionOptions(0, 16, 0, 1L << 30), grid));
            var made = new ModelQuantizer(runtime, backend, samples, hasData: true, options).Quantize(model, token);
            var score = shared.Score(made.Model);
            var timing = new LatencyOptions { Threads = 1, Time = TimeSpan.FromSeconds(2) };
            var latency = new LatencyComparer(runtime).Compare(shared.Model, made.Model, samples, timing, null, token);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {shared.Name} ({(grid.Limit == WeightGrid.Full ? 8 : 7)}-bit weights) | {name} | {score.Agreement:F4} | {score.Accuracy!.Original:F4} -> {score.Accuracy.Compressed:F4} | {score.RelativeError:F4} | {(double)made.Model.Bytes / shared.Model.Bytes:F3} | {latency.Ratio:F3} |"));
        }
    }
}
