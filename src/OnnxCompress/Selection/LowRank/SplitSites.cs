using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// Which layers can be split: every linear layer whose weight is its own. The nodes around it do not change, so that
/// layers whose channels cannot be removed (model outputs, attention, residual streams) can be split all the same.
/// </summary>
internal static class SplitSites
{
    /// <summary>A convolution has at least batch and channel axes before its spatial ones.</summary>
    private const int SpatialFrom = 2;

    /// <summary>The layers that can be split, in the order of the model.</summary>
    public static IReadOnlyList<LinearLayer> Find(ModelAnalysis analysis) =>
        [.. analysis.Relations.Layers.Where(l => analysis.IsSelected(l.Node.Name) && IsSplittable(l, analysis.Relations.Graph) && HasShapes(l, analysis))];

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
            int rows = output.Aggregate(1, (product, d) => checked(product * d)) / output[layer.OutputChannelAxis];
            return new LayerSize(inputs, outputs, [], [rows], [rows]);
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

    private static bool HasShapes(LinearLayer layer, ModelAnalysis analysis) =>
        analysis.Relations.Shapes.Of(layer.Input) is not null && analysis.Relations.Shapes.Of(layer.Output) is { Length: > 0 };
}
