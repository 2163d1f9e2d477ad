using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Rewriting;

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
    // What was weighed is most often carried out next.
    private (CompressionPlan Plan, OnnxModel Model, Shrinkage Shrinkage)? _rewritten;

    /// <summary>What the finished model of a plan costs at most: biases that least squares may add included.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public ModelCost Weigh(CompressionPlan plan, CancellationToken cancellation)
    {
        var (model, shrinkage) = rewriter.Rewrite(plan, cancellation);
        _rewritten = (plan, model, shrinkage);
        var cost = CostOf(plan, model.AsStored(), shrinkage);
        return outputs is null ? cost : Reconstructor.AddedBiases(outputs, model, shrinkage, mode)
            .Aggregate(cost, (sum, bias) => sum.Plus(new ModelCost(bias.Elements, 0, bias.Bytes)));
    }

    /// <inheritdoc />
    public ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) => watch.Time("reconstruct", () =>
    {
        var (model, shrinkage) = Rewritten(plan, cancellation);
        var fits = outputs is null ? [] : reconstructor.Run(outputs, model, shrinkage, mode, progress, cancellation);
        var stored = model.AsStored();
        return new ExecutedPlan(plan, stored, shrinkage, fits) { Cost = CostOf(plan, stored, shrinkage) };
    });

    private (OnnxModel Model, Shrinkage Shrinkage) Rewritten(CompressionPlan plan, CancellationToken cancellation)
    {
        var known = _rewritten;
        _rewritten = null;
        return known is { } made && ReferenceEquals(made.Plan, plan) ? (made.Model, made.Shrinkage) : rewriter.Rewrite(plan, cancellation);
    }

    private ModelCost CostOf(CompressionPlan plan, OnnxModel model, Shrinkage shrinkage) =>
        new(ParameterCount.Of(model), SplitMacs.Of(plan, analysis, shrinkage.IsRootKept), model.Bytes);
}
