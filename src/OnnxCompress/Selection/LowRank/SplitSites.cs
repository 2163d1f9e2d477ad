using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Which layers can be split: every linear layer whose weight is its own, and every table that a Gather looks up, which
/// is a linear layer on one-hot inputs (<c>inputs</c> entries, <c>outputs</c> columns). The nodes around it do not change, so that
/// layers whose channels cannot be removed (model outputs, attention, residual streams) can be split all the same.
/// </summary>
internal static class SplitSites
{
    /// <summary>The runtime convolves along no more axes.</summary>
    private const int MostSpatial = 3;

    /// <summary>The layers that can be split, in the order of the model.</summary>
    public static IReadOnlyList<LinearLayer> Find(ModelAnalysis analysis) =>
        [.. analysis.Relations.Layers.Where(l => IsSplittable(l, analysis.Relations.Graph))
            .Concat(analysis.Relations.Graph.Nodes.Select(n => TableOf(n, analysis)).OfType<LinearLayer>())
            .Where(l => analysis.IsSelected(l.Node.Name) && HasShapes(l, analysis))
            // A plan names its layers: those that share a name cannot be told apart.
            .GroupBy(l => l.Node.Name, StringComparer.Ordinal).Where(g => g.Count() == 1).Select(g => g.First())];

    /// <summary>The layers that can be split, by the names of their nodes.</summary>
    public static Dictionary<string, LinearLayer> ByName(ModelAnalysis analysis) => Find(analysis).ToDictionary(l => l.Node.Name, StringComparer.Ordinal);

    /// <summary>The size of a layer of which some channels stay.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="analysis">Analysis of the original model.</param>
    /// <param name="inputs">Input channels that stay.</param>
    /// <param name="outputs">Output channels that stay.</param>
    public static LayerSize SizeOf(LinearLayer layer, ModelAnalysis analysis, int inputs, int outputs)
    {
        var shapes = analysis.Relations.Shapes;
        var (input, output) = (shapes.Of(layer.Input)!, shapes.Of(layer.Output)!);
        if (layer.Map.Kind != LinearKind.Convolution)
        {
            var rows = output.Aggregate(1, (product, d) => checked(product * d)) / output[layer.OutputChannelAxis] / shapes.Samples;
            return new LayerSize(inputs, outputs, [], [rows], [rows], layer.Map.Kind == LinearKind.Table);
        }

        return new LayerSize(inputs, outputs, layer.Map.Kernel, [.. input.Skip(LinearMap.SpatialFrom)], [.. output.Skip(LinearMap.SpatialFrom)]);
    }

    /// <summary>The size of what stays of a layer.</summary>
    public static LayerSize SizeOf(LinearLayer layer, ModelAnalysis analysis, Remaining remaining) =>
        // Of a layer in a branch that goes nothing stays.
        analysis.BranchesOf[layer.Node.Name].Any(remaining.Shrinks) ? SizeOf(layer, analysis, 0, 0)
            : SizeOf(layer, analysis, remaining.Kept(InputsOf(layer, analysis)), remaining.Kept(OutputsOf(layer, analysis)));

    /// <summary>The input channels of a layer.</summary>
    public static IndexAxis InputsOf(LinearLayer layer, ModelAnalysis analysis) => analysis.Relations.KnownAxes(layer.Weight)[layer.InputAxis]!;

    /// <summary>The output channels of a layer.</summary>
    public static IndexAxis OutputsOf(LinearLayer layer, ModelAnalysis analysis) => analysis.Relations.KnownAxes(layer.Weight)[layer.OutputAxis]!;

    private static bool IsSplittable(LinearLayer layer, ModelGraph graph)
    {
        var isKnown = layer.Map.Kind switch
        {
            LinearKind.Convolution => layer.Map is { Groups: 1, Kernel.Length: <= MostSpatial },
            LinearKind.Product => layer.Map.WeightInput == 1,
            _ => false,
        };
        return isKnown && IsOwn(layer.Weight, graph);
    }

    private static LinearLayer? TableOf(GraphNode node, ModelAnalysis analysis)
    {
        var graph = analysis.Relations.Graph;
        return LinearMap.Of(node, graph) is { Kind: LinearKind.Table } map
            && graph.Constant(map.Weight) is { HasOnlyFiniteValues: true } table && table.Type.IsFloatingPoint()
            && IsOwn(map.Weight, graph) && graph.Constant(map.Input) is null
            && analysis.Relations.KnownAxes(map.Weight) is [not null, not null] && analysis.Relations.Shapes.Of(map.Output) is { Length: > 0 } dims
            ? new LinearLayer(map, 0, map.ChannelAxis(dims.Length))
            : null;
    }

    private static bool IsOwn(string weight, ModelGraph graph) => graph.Uses(weight).Count == 1 && !graph.IsInput(weight);

    private static bool HasShapes(LinearLayer layer, ModelAnalysis analysis) =>
        analysis.Relations.Shapes.Of(layer.Input) is not null && analysis.Relations.Shapes.Of(layer.Output) is { Length: > 0 };
}
