using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;

namespace OnnxCompress.Search;

/// <summary>Rewrites the model by a plan and solves for the weights of what is left.</summary>
/// <param name="rewriter">Rewrites.</param>
/// <param name="reconstructor">Solves.</param>
/// <param name="outputs">What least squares fits to; null where nothing is fitted.</param>
/// <param name="mode">How weights are made.</param>
/// <param name="watch">Times what it does.</param>
internal sealed class PlanExecutor(
    PlanRewriter rewriter, Reconstructor reconstructor, OriginalOutputs? outputs, ReconstructionMode mode, StageWatch watch) : IPlanExecutor
{
    /// <inheritdoc />
    public ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) => watch.Time("reconstruct", () =>
    {
        var placed = rewriter.Place(plan);
        var (model, shrinkage) = rewriter.Rewrite(placed, cancellation);
        var fits = outputs is null ? [] : reconstructor.Run(outputs, model, shrinkage, mode, progress, cancellation);
        var cost = new ModelCost(ParameterCount.Of(model), placed.Macs(), model.Bytes);
        return new ExecutedPlan(plan, model, shrinkage, fits) { Cost = cost, Layers = placed.Layers };
    });
}
