using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
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
    // What was weighed is most often carried out next.
    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage)? _rewritten;

    /// <summary>What the finished model of a plan costs at most: biases that least squares may add included.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public ModelCost Weigh(CompressionPlan plan, CancellationToken cancellation)
    {
        var rewritten = Rewrite(plan, cancellation);
        _rewritten = rewritten;
        var (placed, model, shrinkage) = rewritten;
        var cost = CostOf(placed, model.AsStored());
        return outputs is null ? cost : Reconstructor.AddedBiases(outputs, model, shrinkage, mode)
            .Aggregate(cost, (sum, bias) => sum.Plus(new ModelCost(bias.Elements, 0, bias.Bytes)));
    }

    /// <inheritdoc />
    public ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) => watch.Time("reconstruct", () =>
    {
        var (placed, model, shrinkage) = Rewritten(plan, cancellation);
        var fits = outputs is null ? [] : reconstructor.Run(outputs, model, shrinkage, mode, progress, cancellation);
        var stored = model.AsStored();
        return new ExecutedPlan(plan, stored, shrinkage, fits) { Cost = CostOf(placed, stored), Layers = placed.Layers };
    });

    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) Rewritten(CompressionPlan plan, CancellationToken cancellation)
    {
        var known = _rewritten;
        _rewritten = null;
        return known is { } made && ReferenceEquals(made.Placed.Plan, plan) ? made : Rewrite(plan, cancellation);
    }

    private (PlacedPlan Placed, OnnxModel Model, Shrinkage Shrinkage) Rewrite(CompressionPlan plan, CancellationToken cancellation)
    {
        var placed = rewriter.Place(plan);
        var (model, shrinkage) = rewriter.Rewrite(placed, cancellation);
        return (placed, model, shrinkage);
    }

    private static ModelCost CostOf(PlacedPlan placed, OnnxModel model) => new(ParameterCount.Of(model), placed.Macs(), model.Bytes);
}
