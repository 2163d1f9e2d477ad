using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;
using OnnxCompress.Selection;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Interpolative decomposition beside what most tools do before they fine-tune: the same widths, but the channels with
/// the largest filters stay and nothing is corrected. Scored on test images that calibration did not see.
/// </summary>
public static class MagnitudeComparison
{
    /// <summary>So large a ridge that removed channels are replaced by nothing.</summary>
    private const double NoMixing = 1e30;

    /// <summary>Runs the benchmark.</summary>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        ArgumentNullException.ThrowIfNull(args);
        foreach (var file in (string[])["resnet20_cifar10.onnx", "resnet20_cifar10_bn.onnx"])
        {
            using var shared = SharedCase.Resnet20(file);
            if (shared is null)
            {
                return 0;
            }

            foreach (var share in (double[])[0.9, 0.7, 0.5])
            {
                Compare(shared, file, share);
            }
        }

        return 0;
    }

    private static void Compare(SharedCase shared, string file, double share)
    {
        var compressor = new Compressor(new CpuBackend(), new OrtRuntime());
        var samples = shared.Calibration(1000);
        foreach (var selection in (ChannelSelection[])[ChannelSelection.Target, ChannelSelection.PivotedQr])
        {
            var options = new CompressionOptions
            {
                Budget = new Budget(KeepMacs: share), Methods = [CompressionMethod.Interpolative], Selection = selection, Reconstruction = ReconstructionMode.None,
            };
            var result = compressor.Compress(shared.Model, samples, options, null, CancellationToken.None);
            Print(shared, file, share, $"id, {selection}", result.Model);
            if (selection == ChannelSelection.Target)
            {
                Print(shared, file, share, "magnitude, uncorrected", Magnitude(shared, result.Plan));
            }
        }
    }

    private static Models.OnnxModel Magnitude(SharedCase shared, CompressionPlan plan)
    {
        var runtime = new OrtRuntime();
        var samples = shared.Calibration(64);
        var simplified = Simplification.Simplifier.Simplify(shared.Model, runtime, samples.Read([0]), CancellationToken.None);
        var shapes = ShapeObserver.Observe(runtime, simplified, samples.Read([0]), CancellationToken.None);
        var analysis = DependencyAnalyzer.Analyze(simplified, shapes);
        var taps = analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of);
        var statistics = new Calibrator(runtime, 0).Run(simplified, shapes, taps, samples, 16, null, CancellationToken.None);
        var sites = plan.Channels.Select(site => site with
        {
            Kept = Largest(analysis, analysis.Groups.Single(g => g.Name == site.Site), site.Kept),
            Ridge = NoMixing,
        });
        return new ChannelRewriter(analysis, statistics, new CpuBackend(), ChannelSelection.PivotedQr)
            .Rewrite(simplified, plan with { Sites = [.. sites] }, CancellationToken.None, out _);
    }

    /// <summary>As many channels of each segment as the plan keeps, those with the largest filters.</summary>
    private static int[] Largest(ModelAnalysis analysis, ChannelGroup group, IReadOnlyList<int> kept)
    {
        var relations = analysis.Relations;
        var norms = new double[group.Channels];
        foreach (var layer in relations.Layers)
        {
            var axis = relations.Axes(layer.Weight)[layer.OutputAxis]!;
            var values = relations.Graph.Constant(layer.Weight)!.ReadFloats();
            var each = values.Length / axis.Length;
            for (var i = 0; i < axis.Length && layer.OutputAxis == 0; i++)
            {
                var channel = Array.BinarySearch(group.Atoms, relations.Elements.Root(axis.Ids[i]));
                if (channel >= 0)
                {
                    norms[channel] += values.AsSpan(i * each, each).ToArray().Sum(v => (double)v * v);
                }
            }
        }

        return [.. group.Segments.SelectMany(s => s.OrderByDescending(c => norms[c]).Take(s.Count(kept.Contains))).Order()];
    }

    private static void Print(SharedCase shared, string file, double share, string variant, Models.OnnxModel compressed)
    {
        var result = new ModelVerifier(new OrtRuntime()).Verify(
            shared.Model, compressed, shared.Test, new VerificationOptions { Labels = shared.Labels }, null, CancellationToken.None);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{file,-26} {share:P0} of MACs  {variant,-24} agreement {result.Agreement:F4}  accuracy {result.Accuracy!.Original:F4} -> {result.Accuracy.Compressed:F4}"));
    }
}
