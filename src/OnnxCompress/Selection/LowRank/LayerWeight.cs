using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>The weight of a layer as one matrix, whatever the operator stores.</summary>
internal static class LayerWeight
{
    /// <summary>The weight, <c>outputs x (inputs * kernel)</c>, row-major with the kernel innermost.</summary>
    public static Matrix<double> Read(LinearLayer layer, ModelGraph graph)
    {
        var constant = graph.Constant(layer.Weight)!;
        var values = constant.ReadFloats();
        var outputs = (int)constant.Dims[layer.OutputAxis];
        var columns = outputs == 0 ? 0 : values.Length / outputs;
        var matrix = new Matrix<double>(outputs, columns);
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = layer.OutputAxis == 0 ? (i / columns, i % columns) : (i % outputs, i / outputs);
            matrix[row, column] = values[i];
        }

        return matrix;
    }

    /// <summary>The layer's own bias in a graph, one value for each output; null when it has none.</summary>
    public static double[]? ReadBias(LinearLayer layer, ModelGraph graph) =>
        layer.Bias is { } bias ? [.. graph.Constant(bias)!.ReadFloats().Select(v => (double)v)] : null;
}
