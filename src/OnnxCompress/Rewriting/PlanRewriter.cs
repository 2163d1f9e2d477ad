using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;

namespace OnnxCompress.Rewriting;

/// <summary>Carries out whole plans on copies of one model, with the weights that the methods publish.</summary>
/// <param name="model">The model; not changed.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="selection">The rule in use: as published, constants are not folded.</param>
internal sealed class PlanRewriter(
    OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, ChannelSelection selection)
{
    private readonly StreamRewriter _streams = new(analysis, statistics, backend);

    /// <summary>The sites of a plan.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public PlacedPlan Place(CompressionPlan plan) => PlacedPlan.Of(plan, model, analysis);

    /// <summary>The thinner model, and which indices of each tensor stayed.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX6001: a split does not fit its layer.</exception>
    public (OnnxModel Model, Shrinkage Shrinkage) Rewrite(PlacedPlan plan, CancellationToken cancellation) => Rewrite(plan, isOutline: false, cancellation);

    /// <summary>A model of the same sizes, whose layers that are split have no weights to speak of: it costs and takes what the other does.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX6001: a split does not fit its layer.</exception>
    public (OnnxModel Model, Shrinkage Shrinkage) Outline(PlacedPlan plan, CancellationToken cancellation) => Rewrite(plan, isOutline: true, cancellation);

    private (OnnxModel Model, Shrinkage Shrinkage) Rewrite(PlacedPlan plan, bool isOutline, CancellationToken cancellation)
    {
        var (narrowed, seen) = _streams.Rewrite(model, plan, selection, isOutline, cancellation, out var shrinkage);
        var split = new SplitRewriter(analysis, seen, backend).Rewrite(narrowed, plan, shrinkage, isOutline, cancellation);
        BranchRemoval.CarryOut(split.Graph, plan);
        return (split, shrinkage);
    }
}
