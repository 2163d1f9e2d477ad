using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Rewriting;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Timing;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Coresets without data beside magnitude pruning at the same widths: half of the channels of every group. Nothing but
/// weights and seeded random inputs is used to choose; test images only score.
/// </summary>
public static class CoresetComparison
{
    private const int Seeds = 10;

    /// <summary>Runs the benchmark.</summary>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        var names = args.Length > 0 ? args : ["fm_mlp", "fm_lenet"];
        Console.WriteLine("| model | kept | method | accuracy, mean | least | most | original |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var name in names)
        {
            Compare(name);
        }

        return 0;
    }

    private static void Compare(string name)
    {
        using var shared = name == "resnet20" ? SharedCase.Resnet20() : SharedCase.Fashion($"{name}.onnx");
        if (shared is null)
        {
            return;
        }

        var (runtime, backend) = (new OrtRuntime(), new CpuBackend());
        var samples = new RandomSampleSource(shared.Model.Inputs, 256, 0);
        var model = Simplification.Simplifier.Simplify(shared.Model, runtime, samples.Read([0]), CancellationToken.None);
        var analysis = DependencyAnalyzer.Analyze(model, ShapeObserver.Observe(runtime, model, samples.Read([0]), CancellationToken.None));
        var taps = analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of);
        var noise = new Calibrator(runtime, 0, 16).Run(model, analysis.Relations.Shapes, taps, samples, null, null, CancellationToken.None);
        var white = WhiteStatistics.Of(model, analysis);
        foreach (var kept in (double[])[0.75, 0.5])
        {
            CompressionPlan Plan(Func<ChannelGroup, int, ChannelPlan> plan) =>
                new(model.SourceSha256, [.. analysis.Groups.Select(g => plan(g, (int)Math.Round(kept * g.Channels)))]);
            double Accuracy(CompressionPlan plan, CalibrationStatistics? statistics = null) => shared.Score(
                new ChannelRewriter(analysis, statistics ?? white, backend, ChannelSelection.Target).Rewrite(model, PlacedPlan.Of(plan, model, analysis), CancellationToken.None, out _)).Accuracy!.Compressed;
            void Print(string method, params double[] accuracies) => Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {kept:P0} | {method} | {accuracies.Average():F4} | {accuracies.Min():F4} | {accuracies.Max():F4} | {shared.Score(model).Accuracy!.Original:F4} |"));

            Print("magnitude", Accuracy(Plan((g, width) => MagnitudePlan.Of(analysis, g, width))));
            foreach (var (method, unnormalised, draws) in ((string, bool, int)[])
                [("coreset", false, 1), ("coreset, unnormalised as released", true, 1), ("coreset, best of 16 draws", false, 16)])
            {
                Print(method, [.. Enumerable.Range(0, Seeds).Select(seed => Accuracy(Drawn(seed)))]);

                CompressionPlan Drawn(int seed)
                {
                    var widths = Plan((g, width) => new ChannelPlan(g.Name, CompressionMethod.Coreset, [.. Enumerable.Range(0, width)], g.Channels, 0, 0));
                    var sampler = new CoresetPlans(analysis, white, backend, draws, seed) { Unnormalised = unnormalised };
                    return widths with { Sites = sampler.Draw(widths.Channels) };
                }
            }

            foreach (var (method, statistics) in ((string, CalibrationStatistics)[])[("id, white inputs", white), ("id, random images", noise)])
            {
                var sites = new ChannelSelector(
                    model, analysis, statistics, backend, new SelectionOptions([CompressionMethod.Interpolative]) { Alignment = new WidthAlignment(1) }).Select(CancellationToken.None);
                Print(method, Accuracy(Plan((g, width) => sites.First(site => site.Group == g) is var site ? ChannelPlan.ForSite(site, site.Keep(width), CancellationToken.None) : null!), statistics));
            }
        }
    }
}
