using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Writes the factors of a layer, each a layer of the same operator. Behind a table with fewer columns stands a MatMul that
/// makes the columns there were; the last factor of a Gemm keeps its alpha and beta.
/// </summary>
internal static class FactorChain
{
    /// <summary>Adds the factors in front of the node they stand for, which the caller removes.</summary>
    /// <param name="map">The layer.</param>
    /// <param name="chain">Its factors.</param>
    /// <param name="bias">Bias that the last factor reads; null when it reads none.</param>
    /// <param name="graph">Where they go.</param>
    public static void Write(LinearMap map, IReadOnlyList<SplitFactor> chain, string? bias, ModelGraph graph)
    {
        var node = map.Node;
        var current = map.Input;
        for (var i = 0; i < chain.Count; i++)
        {
            var (isLast, isLookup) = (i == chain.Count - 1, map.Kind == LinearKind.Table && i == 0);
            var name = graph.UniqueName($"{node.Name}/{chain[i].Suffix}");
            var output = isLast ? node.Outputs[0] : graph.UniqueName($"{name}/output");
            var weight = AddWeight(name, chain[i], map, graph);
            string[] inputs = isLookup ? [weight, current] : isLast && bias is not null ? [current, weight, bias] : [current, weight];
            var added = graph.InsertNode(node, map.Kind == LinearKind.Table && !isLookup ? "MatMul" : node.OpType, name, inputs, [output]);
            if (map.Window is { } window)
            {
                window.CopyTo(added, chain[i].Axes, chain[i].Groups);
            }
            else if (isLookup || (isLast && map.Kind == LinearKind.Product))
            {
                added.CopyAttributes(node);
            }
            else
            {
                LinearMap.SetOrder(added, map.OutputsFirst);
            }

            current = output;
        }
    }

    /// <summary>A factor lies in memory as the weight of the layer does.</summary>
    private static string AddWeight(string name, SplitFactor factor, LinearMap map, ModelGraph graph)
    {
        int[] kernel = map.Window?.KernelAlong(factor.Axes) ?? [];
        var stored = map.OutputsFirst ? factor.Weight : factor.Weight.Transpose();
        long[] dims = [stored.Rows, stored.Columns / kernel.Aggregate(1L, (product, k) => product * k), .. kernel.Select(k => (long)k)];
        var weight = graph.AddInitializer(graph.UniqueName($"{name}/weight"), graph.Constant(map.Weight)!.Type, dims);
        weight.Write(dims, ToFloats(stored));
        return weight.Name;
    }

    private static float[] ToFloats(Matrix<double> matrix)
    {
        var values = new float[matrix.Values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (float)matrix.Values[i];
        }

        return values;
    }
}
