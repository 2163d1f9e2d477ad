using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Rewriting;
using OnnxCompress.Running;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Simplification;
using OnnxCompress.Timing;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Plain truncated SVD, ALDS as published, ALDS with the bound of its authors' released code, and the response form, at
/// the same share of multiply-accumulates, without later reconstruction. Scored on test images that calibration did not
/// see. Prints a table in Markdown.
/// </summary>
public static class LowRankComparison
{
    private const int CalibrationSamples = 500;

    private static readonly (string Name, SplitForm Form, bool AsReleased)[] Variants =
    [
        ("plain", SplitForm.Plain, false), ("ALDS, as published", SplitForm.Alds, false),
        ("ALDS, bound as released", SplitForm.Alds, true), ("response", SplitForm.Response, false),
    ];

    /// <summary>Runs the benchmark.</summary>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        Console.WriteLine("| model | MACs allowed | form | MACs | parameters | grouped layers | agreement | accuracy |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (var open in (Func<SharedCase?>[])[() => SharedCase.Resnet20(), () => SharedCase.Fashion("fm_lenet.onnx"), SharedCase.Squeezenet])
        {
            using var shared = open();
            if (shared is not null)
            {
                Compare(shared);
            }
        }

        return 0;
    }

    private static void Compare(SharedCase shared)
    {
        var (runtime, backend) = (new OrtRuntime(), new CpuBackend());
        var samples = shared.Calibration(CalibrationSamples);
        var model = Simplifier.Simplify(shared.Model, runtime, samples.Read([0]), CancellationToken.None);
        var shapes = ShapeObserver.Observe(runtime, model, samples.Read([0]), CancellationToken.None);
        var analysis = DependencyAnalyzer.Analyze(model, shapes);
        var statistics = new Calibrator(runtime, 0, 16).Run(model, shapes, LayerProblems.Taps(analysis), samples, null, null, CancellationToken.None);
        foreach (var variant in Variants.DistinctBy(v => v.Form))
        {
            var candidates = new SplitSelector(model, analysis, statistics, backend, new SelectionOptions([CompressionMethod.LowRank]) { Forms = [variant.Form] }).Select(CancellationToken.None);
            foreach (var (name, _, asReleased) in Variants.Where(v => v.Form == variant.Form))
            {
                foreach (var share in (double[])[0.7, 0.5])
                {
                    var limits = new BudgetLimits([], candidates, analysis.Cost, model.Bytes, new Budget(KeepMacs: share), table: TableTimes.Of(analysis, WidthTable.VectorWidth));
                    var allocated = variant.Form == SplitForm.Alds
                        ? AldsSearch.Run(candidates, limits, seed: 0, asReleased)
                        : new LevelAllocator([], candidates, limits).Allocate();
                    var sites = candidates.Zip(allocated.Splits).Where(p => p.Second is not null).Select(p => SplitPlan.ForLayer(p.First, p.Second!));
                    var plan = new CompressionPlan(model.SourceSha256, [.. sites]);
                    var (compressed, _) = new PlanRewriter(model, analysis, statistics, backend, ChannelSelection.Target).Rewrite(PlacedPlan.Of(plan, model, analysis), CancellationToken.None);
                    Print(shared, name, share, limits.Follow(allocated) is var cost ? (cost.Parameters, cost.Macs) : default, analysis, compressed, plan.Splits.Count(s => s.Shape.Groups > 1));
                }
            }
        }
    }

    private static void Print(
        SharedCase shared, string variant, double share, (long Parameters, long Macs) cost, ModelAnalysis analysis, OnnxModel compressed, int grouped)
    {
        var result = shared.Score(compressed);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {shared.Name} | {share:F1} | {variant} | {(double)cost.Macs / analysis.Macs:F3} | {(double)cost.Parameters / analysis.Parameters:F3} | {grouped} | {result.Agreement:F4} | {result.Accuracy!.Original:F4} -> {result.Accuracy.Compressed:F4} |"));
    }
}
