using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Rewriting;

/// <summary>Puts the part of the outputs' mean that thin factors cannot make into the bias of a layer.</summary>
internal static class FactorBias
{
    /// <summary>The name of the bias that the last factor reads; null when it reads none.</summary>
    /// <param name="node">The layer's node, still as it was.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="offset">What is added to the bias; null when nothing is.</param>
    /// <param name="graph">Where constants are.</param>
    public static string? Write(GraphNode node, LinearLayer layer, double[]? offset, ModelGraph graph)
    {
        if (offset is null)
        {
            return node.OpType == "MatMul" ? null : node.Input(2);
        }

        if (node.OpType == "MatMul")
        {
            // The node behind it adds the bias, and nothing else reads that constant.
            var added = graph.Constant(layer.Bias!)!;
            added.Write([.. added.Dims], Sum(added.ReadFloats(), offset));
            return null;
        }

        // A new constant: the old one may be shared with other layers.
        var old = node.Input(2) is { } name ? graph.Constant(name) : null;
        var type = graph.Constant(layer.Weight)!.Type;
        var bias = graph.AddInitializer(graph.UniqueName($"{node.Name}/bias"), type, [offset.Length]);
        bias.Write([offset.Length], Sum(old?.ReadFloats() ?? new float[offset.Length], offset));
        return bias.Name;
    }

    private static float[] Sum(float[] values, double[] offset) => [.. values.Zip(offset, (v, o) => (float)(v + o))];
}
