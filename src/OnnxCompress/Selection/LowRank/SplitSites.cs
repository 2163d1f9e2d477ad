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
    /// <summary>A convolution has at least batch and channel axes before its spatial ones.</summary>
    private const int SpatialFrom = 2;

    /// <summary>The layers that can be split, in the order of the model.</summary>
    public static IReadOnlyList<LinearLayer> Find(ModelAnalysis analysis) =>
        [.. analysis.Relations.Layers.Where(l => IsSplittable(l, analysis.Relations.Graph))
            .Concat(analysis.Relations.Graph.Nodes.Select(n => TableOf(n, analysis)).OfType<LinearLayer>())
            .Where(l => analysis.IsSelected(l.Node.Name) && HasShapes(l, analysis))
            // A plan names its layers: those that share a name cannot be told apart.
            .GroupBy(l => l.Node.Name, StringComparer.Ordinal).Where(g => g.Count() == 1).Select(g => g.First())];

    /// <summary>The layers that can be split, by the names of their nodes.</summary>
    public static Dictionary<string, LinearLayer> ByName(ModelAnalysis analysis) => Find(analysis).ToDictionary(l => l.Node.Name, StringComparer.Ordinal);

    /// <summary>Whether the layer looks rows of its weight up.</summary>
    public static bool IsTable(LinearLayer layer) => layer.Node.OpType == "Gather";

    /// <summary>The size of a layer of which some channels stay.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="analysis">Analysis of the original model.</param>
    /// <param name="inputs">Input channels that stay.</param>
    /// <param name="outputs">Output channels that stay.</param>
    public static LayerSize SizeOf(LinearLayer layer, ModelAnalysis analysis, int inputs, int outputs)
    {
        var shapes = analysis.Relations.Shapes;
        var (input, output) = (shapes.Of(layer.Input)!, shapes.Of(layer.Output)!);
        if (layer.Node.OpType != "Conv")
        {
            var rows = output.Aggregate(1, (product, d) => checked(product * d)) / output[layer.OutputChannelAxis] / shapes.Samples;
            return new LayerSize(inputs, outputs, [], [rows], [rows], IsTable(layer));
        }

        var kernel = analysis.Relations.Graph.Constant(layer.Weight)!.Dims.Skip(SpatialFrom).Select(d => (int)d);
        return new LayerSize(inputs, outputs, [.. kernel], [.. input.Skip(SpatialFrom)], [.. output.Skip(SpatialFrom)]);
    }

    private static bool IsSplittable(LinearLayer layer, ModelGraph graph)
    {
        var isKnown = layer.Node.OpType switch
        {
            "Conv" => layer.Node.Int("group", 1) == 1 && graph.Constant(layer.Weight)!.Dims.Count is > SpatialFrom and <= SpatialFrom + 3,
            "Gemm" or "MatMul" => layer.Weight == layer.Node.Inputs[1],
            _ => false,
        };
        return isKnown && layer.Node.Domain.Length == 0 && graph.Uses(layer.Weight).Count == 1 && !graph.IsInput(layer.Weight);
    }

    private static LinearLayer? TableOf(GraphNode node, ModelAnalysis analysis)
    {
        var graph = analysis.Relations.Graph;
        return node is { OpType: "Gather", Domain: "" } && node.Int("axis", 0) is 0 or -2
            && graph.Constant(node.Inputs[0]) is { Dims.Count: 2, HasOnlyFiniteValues: true } table && table.Type.IsFloatingPoint()
            && graph.Uses(node.Inputs[0]).Count == 1 && !graph.IsInput(node.Inputs[0]) && graph.Constant(node.Inputs[1]) is null
            && analysis.Relations.KnownAxes(node.Inputs[0]) is [not null, not null] && analysis.Relations.Shapes.Of(node.Outputs[0]) is { Length: > 0 } dims
            ? new LinearLayer
            {
                Node = node, Weight = node.Inputs[0], OutputAxis = 1, InputAxis = 0,
                Input = node.Inputs[1], InputChannelAxis = 0, Output = node.Outputs[0], OutputChannelAxis = dims.Length - 1,
            }
            : null;
    }

    private static bool HasShapes(LinearLayer layer, ModelAnalysis analysis) =>
        analysis.Relations.Shapes.Of(layer.Input) is not null && analysis.Relations.Shapes.Of(layer.Output) is { Length: > 0 };
}
