using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Selection;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Every method alone, as published, and with the weights solved for afterwards; the last row is what the tool does when
/// left to itself. One table: shares of the multiply-accumulates across, agreement with the original and accuracy on test
/// images that nothing else saw.
/// </summary>
public static class MethodComparison
{
    private const int CalibrationSamples = 1000;
    private const int Seeds = 3;

    private static readonly double[] Shares = [0.9, 0.7, 0.5];

    private static readonly (string Name, CompressionOptions Options)[] Methods =
    [
        ("id, pivoted QR (as published)", Alone(CompressionMethod.Interpolative) with { Selection = ChannelSelection.PivotedQr }),
        ("id, target-aware", Alone(CompressionMethod.Interpolative)),
        ("redundancy", Alone(CompressionMethod.Redundancy)),
        ("coreset, mean of 3 seeds", Alone(CompressionMethod.Coreset)),
        ("svd of weights", Alone(CompressionMethod.LowRank) with { Split = SplitForm.Plain }),
        ("alds", Alone(CompressionMethod.LowRank) with { Split = SplitForm.Alds }),
        ("response low rank", Alone(CompressionMethod.LowRank) with { Split = SplitForm.Response }),
        ("columns and rows", Alone(CompressionMethod.LowRank) with { Split = SplitForm.Spatial }),
        ("id, target-aware + least squares", Fitted(CompressionMethod.Interpolative)),
        ("redundancy + least squares", Fitted(CompressionMethod.Redundancy)),
        ("coreset + least squares, mean of 3 seeds", Fitted(CompressionMethod.Coreset)),
        ("alds + least squares", Fitted(CompressionMethod.LowRank) with { Split = SplitForm.Alds }),
        ("response low rank + least squares", Fitted(CompressionMethod.LowRank) with { Split = SplitForm.Response }),
        ("columns and rows + least squares", Fitted(CompressionMethod.LowRank) with { Split = SplitForm.Spatial }),
        ("all together", new CompressionOptions()),
    ];

    /// <summary>Runs the benchmark.</summary>
    /// <param name="args"><c>--rows TEXT</c> runs only rows with that text; other words are models.</param>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var at = Array.IndexOf(args, "--rows");
        var only = at >= 0 ? args[at + 1] : "";
        string[] models = [.. args.Where((_, i) => at < 0 || (i != at && i != at + 1))];
        Console.WriteLine("Cells: decisions kept / accuracy. `-`: the budget is out of reach.\n");
        Console.WriteLine($"| model | method | {string.Join(" | ", Shares.Select(s => s.ToString("0.0 MACs", CultureInfo.InvariantCulture)))} |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var model in models.Length > 0 ? models : ["fm_mlp", "fm_lenet", "resnet20"])
        {
            Compare(model, only);
        }

        return 0;
    }

    private static CompressionOptions Alone(CompressionMethod method) => new() { Methods = [method], Reconstruction = ReconstructionMode.None };

    private static CompressionOptions Fitted(CompressionMethod method) => new() { Methods = [method] };

    private static void Compare(string name, string only)
    {
        using var shared = name == "resnet20" ? SharedCase.Resnet20() : SharedCase.Fashion($"{name}.onnx");
        if (shared is null)
        {
            return;
        }

        var rows = Methods.Where(m => m.Name.Contains(only, StringComparison.Ordinal));
        if ("magnitude, uncorrected".Contains(only, StringComparison.Ordinal))
        {
            Print(name, "magnitude, uncorrected", share => [Magnitude(shared, share)]);
        }

        if ("redundancy, 3 rounds".Contains(only, StringComparison.Ordinal))
        {
            Print(name, "redundancy, 3 rounds", share => [Score(shared, Annealed(shared, Alone(CompressionMethod.Redundancy), share, rounds: 3))]);
        }

        foreach (var (row, options) in rows)
        {
            var seeds = row.EndsWith("seeds", StringComparison.Ordinal) ? Seeds : 1;
            Print(name, row, share => Enumerable.Range(0, seeds).Select(seed => Compress(shared, options with { Budget = new(KeepMacs: share), Seed = seed })));
        }
    }

    private static void Print(string model, string row, Func<double, IEnumerable<(double Agreement, double Accuracy)>> score)
    {
        var cells = Shares.Select(share =>
        {
            try
            {
                var scores = score(share).ToArray();
                return string.Create(CultureInfo.InvariantCulture, $"{scores.Average(s => s.Agreement):F4} / {scores.Average(s => s.Accuracy):F4}");
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
            {
                return "-";
            }
        });
        Console.WriteLine($"| {model} | {row} | {string.Join(" | ", cells)} |");
    }

    private static (double Agreement, double Accuracy) Compress(SharedCase shared, CompressionOptions options) => Score(shared, Result(shared, options).Model);

    /// <summary>Several rounds, each on the network that the one before left, with statistics taken afresh.</summary>
    private static OnnxModel Annealed(SharedCase shared, CompressionOptions options, double share, int rounds)
    {
        var (model, reached) = (shared.Model, 1.0);
        for (var round = 1; round <= rounds; round++)
        {
            var wanted = 1 - ((1 - share) * round / rounds);
            var result = Result(shared, options with { Budget = new(KeepMacs: wanted / reached) }, model);
            reached *= (double)result.Compressed.Macs / result.Original.Macs;
            model = result.Model;
        }

        return model;
    }

    private static CompressionResult Result(SharedCase shared, CompressionOptions options, OnnxModel? model = null)
    {
        var samples = shared.Calibration(CalibrationSamples);
        // Plans are compared on a part of the calibration images; the test images only score.
        var split = SampleSplit.Create(samples, 0, options.Seed, CalibrationSamples, CancellationToken.None);
        var data = new CompressionData(new SubsetSampleSource(samples, split.Statistics), new SubsetSampleSource(samples, split.Validation));
        return new Compressor(new CpuBackend(), new OrtRuntime()).Compress(model ?? shared.Model, data, options, null, CancellationToken.None);
    }

    /// <summary>The channels with the largest filters at the widths that id chooses.</summary>
    private static (double Agreement, double Accuracy) Magnitude(SharedCase shared, double share)
    {
        var plan = Result(shared, Alone(CompressionMethod.Interpolative) with { Budget = new(KeepMacs: share) }).Plan;
        var runtime = new OrtRuntime();
        var sample = shared.Calibration(1).Read([0]);
        var model = Simplification.Simplifier.Simplify(shared.Model, runtime, sample, CancellationToken.None);
        var analysis = DependencyAnalyzer.Analyze(model, ShapeObserver.Observe(runtime, model, sample, CancellationToken.None));
        var magnitude = plan with { Sites = [.. plan.Channels.Select(site => MagnitudePlan.Like(analysis, site))] };
        return Score(shared, new ChannelRewriter(analysis, new CalibrationStatistics(model.SourceSha256), new CpuBackend(), ChannelSelection.Target)
            .Rewrite(model, PlacedPlan.Of(magnitude, model, analysis), CancellationToken.None, out _));
    }

    private static (double Agreement, double Accuracy) Score(SharedCase shared, OnnxModel compressed)
    {
        var result = shared.Score(compressed);
        return (result.Agreement!.Value, result.Accuracy!.Compressed);
    }
}
