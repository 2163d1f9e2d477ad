using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Search;

/// <summary>Rewrites the model by a plan and solves for the weights of what is left.</summary>
/// <param name="analysis">Analysis of the model that plans are for.</param>
/// <param name="rewriter">Rewrites.</param>
/// <param name="reconstructor">Solves.</param>
/// <param name="outputs">What least squares fits to; null where nothing is fitted.</param>
/// <param name="mode">How weights are made.</param>
/// <param name="watch">Times what it does.</param>
internal sealed class PlanExecutor(
    ModelAnalysis analysis, PlanRewriter rewriter, Reconstructor reconstructor, OriginalOutputs? outputs, ReconstructionMode mode, StageWatch watch) : IPlanExecutor
{
    /// <inheritdoc />
    public ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) => watch.Time("reconstruct", () =>
    {
        var (model, shrinkage) = rewriter.Rewrite(plan, cancellation);
        var fits = outputs is null ? [] : reconstructor.Run(outputs, model, shrinkage, mode, progress, cancellation);
        var cost = new ModelCost(ParameterCount.Of(model), MacsOf(plan, shrinkage), model.Bytes);
        return new ExecutedPlan(plan, model, shrinkage, fits) { Cost = cost };
    });

    private long MacsOf(CompressionPlan plan, Remaining remaining)
    {
        var layers = SplitSites.ByName(analysis);
        return analysis.Cost.Macs(remaining)
            + plan.Splits.Sum(s => SplitSites.SizeOf(layers[s.Site], analysis, remaining) is var size ? SplitCost.Of(s.Shape, size).Macs - size.DenseMacs : 0);
    }
}
