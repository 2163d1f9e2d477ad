using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;

namespace OnnxCompress.Reconstruction;

/// <summary>Prices the removal of residual branches, one site of one index each.</summary>
/// <param name="analysis">The model's analysis.</param>
/// <param name="outputs">The original and its data.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="options">Alignment.</param>
internal sealed class BranchSelector(ModelAnalysis analysis, OriginalOutputs outputs, IDenseBackend backend, SelectionOptions options)
{
    /// <summary>Curves with those of branches.</summary>
    public SiteCurves AddTo(SiteCurves curves, CancellationToken cancellation)
    {
        var errors = new BranchErrors(outputs, analysis.Relations, backend).Measure([.. analysis.Branches.Select(g => g.Branch!)], cancellation);
        var measured = analysis.Branches.Zip(errors).Where(b => double.IsFinite(b.Second.OfSum)).ToArray();
        return curves with
        {
            Channels = [.. curves.Channels, .. measured.Select(b => Site(b.First, b.Second))],
            BranchWeights = measured.ToDictionary(b => b.First.Name, b => Weight(b.First, b.Second), StringComparer.Ordinal),
        };
    }

    private SiteCandidate Site(ChannelGroup group, BranchError error) => new(group, new ChannelCurve([0], [error.OfSum, 0], 0) { Method = CompressionMethod.Depth }, options.Alignment);

    /// <summary>Where it is known what outputs feel of layers, a branch counts as an error of its last layer.</summary>
    private static double Weight(ChannelGroup group, BranchError error) => error.OfSum > 0 ? error.OfBranch / (error.OfSum * Math.Max(1, group.Branch!.Readers.Count)) : 1;
}
