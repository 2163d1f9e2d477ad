using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Rewriting;

/// <summary>Writes the factors of a Gemm or MatMul; the factors of a Gemm keep its orientation, the last its alpha and beta.</summary>
internal static class ProductFactors
{
    /// <summary>Adds the factors in front of the node they stand for, which the caller removes.</summary>
    /// <param name="node">The matrix product.</param>
    /// <param name="chain">Its factors.</param>
    /// <param name="bias">Bias of the last factor of a Gemm.</param>
    /// <param name="graph">Where they go.</param>
    public static void Write(GraphNode node, IReadOnlyList<SplitFactor> chain, string? bias, ModelGraph graph)
    {
        var isTransposed = node.Int("transB", 0) != 0;
        var current = node.Inputs[0];
        for (var i = 0; i < chain.Count; i++)
        {
            var isLast = i == chain.Count - 1;
            var name = graph.UniqueName($"{node.Name}/{chain[i].Suffix}");
            var output = isLast ? node.Outputs[0] : graph.UniqueName($"{name}/output");
            var weight = AddWeight(name, chain[i].Weight, isTransposed, node, graph);
            var added = graph.InsertNode(node, node.OpType, name, isLast && bias is not null ? [current, weight, bias] : [current, weight], [output]);
            if (isLast)
            {
                added.CopyAttributes(node);
            }
            else if (isTransposed)
            {
                added.SetInt("transB", 1);
            }

            current = output;
        }
    }

    /// <summary>The entries, row after row, in single precision.</summary>
    public static float[] ToFloats(Matrix<double> matrix)
    {
        var values = new float[matrix.Values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)matrix.Values[i];
        }

        return values;
    }

    private static string AddWeight(string name, Matrix<double> factor, bool isTransposed, GraphNode node, ModelGraph graph)
    {
        var stored = isTransposed ? factor : factor.Transpose();
        long[] dims = [stored.Rows, stored.Columns];
        var weight = graph.AddInitializer(graph.UniqueName($"{name}/weight"), graph.Constant(node.Inputs[1])!.Type, dims);
        weight.Write(dims, ToFloats(stored));
        return weight.Name;
    }
}
