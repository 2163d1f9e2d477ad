using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Carries out the split part of a plan, after channels have gone: each planned node is replaced by its thin ones, which
/// bear its name and a suffix. The last one makes the same output tensor and has the bias; nodes around do not change.
/// </summary>
/// <param name="analysis">Analysis of the original model.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
internal sealed class SplitRewriter(ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend)
{
    private readonly LayerProblems _problems = new(analysis, statistics);

    /// <summary>The model with its layers split.</summary>
    /// <param name="model">The model after channels have gone; edited in place.</param>
    /// <param name="plan">Which layers are split, and how.</param>
    /// <param name="shrinkage">Which channels stayed.</param>
    /// <param name="isOutline">Whether the factors need their sizes only.</param>
    /// <param name="cancellation">Stops between layers.</param>
    /// <exception cref="OnnxCompressException">OCX6001: a split does not fit its layer.</exception>
    public OnnxModel Rewrite(OnnxModel model, PlacedPlan plan, Shrinkage shrinkage, bool isOutline, CancellationToken cancellation)
    {
        var graph = model.Graph;
        var weights = new List<string>();
        foreach (var (split, layer) in plan.Splits)
        {
            cancellation.ThrowIfCancellationRequested();
            var problem = _problems.Of(layer, graph, shrinkage);
            var method = SplitMethod.Of(split.Shape.Form, backend);
            Require(split, problem, method);
            var factors = isOutline ? SplitOutline.Of(problem, split.Shape) : method.Build(problem, split.Shape);
            var map = LinearMap.Of(graph.Producer(layer.Output)!, graph)!;
            FactorChain.Write(map, factors.Chain, FactorBias.Write(map, layer.Bias, factors.Offset, graph), graph);
            graph.Remove(map.Node);
            weights.Add(layer.Weight);
        }

        graph.Index();
        Drop(weights, graph);
        graph.RemoveUnusedInitializers();
        return model;
    }

    private static void Require(SplitPlan split, LayerProblem problem, SplitMethod method)
    {
        if (!method.Applies(problem))
        {
            throw PlacedPlan.Mismatch(split, $"the form '{split.Shape.Form}' cannot be made of the layer with these statistics");
        }

        if (split.Shape.Rank < 1 || split.Shape.Groups < 1 || problem.Size.Inputs % split.Shape.Groups != 0 || (problem.Size.Kernel.Length == 0 && split.Shape.Groups > 1)
            || split.Shape.Rank > LargestRank(split.Shape, problem.Size) || split.Shape.InnerRank > problem.Size.Inputs
            || (split.Shape.Form == SplitForm.Tucker && split.Shape.InnerRank < 1))
        {
            throw PlacedPlan.Mismatch(split, $"a rank of {split.Shape.Rank} in {split.Shape.Groups} groups does not fit {problem.Size.Outputs} x {problem.Size.Columns} weights");
        }
    }

    private static int LargestRank(SplitShape shape, LayerSize size) => shape.Form switch
    {
        SplitForm.Input => size.Inputs,
        SplitForm.Spatial => size.LargestRankOf(SplitForm.Spatial),
        // The eigenvectors of the outputs are as many as outputs, even where the weight has less rank.
        SplitForm.Response or SplitForm.Tucker => size.Outputs,
        _ => Math.Min(size.Outputs, size.Columns / shape.Groups),
    };

    /// <summary>The Constant nodes of weights that nothing reads any more go, too.</summary>
    private static void Drop(IEnumerable<string> weights, ModelGraph graph)
    {
        foreach (var weight in weights.Where(w => graph.Producer(w) is not null && graph.Uses(w).Count == 0 && !graph.IsOutput(w)))
        {
            graph.Detach(weight);
        }

        graph.Index();
    }
}
