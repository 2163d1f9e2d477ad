using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>
/// Multiply-accumulates of nodes that no rule relates: quantised layers, products of a shape that is not mapped. They stay
/// whatever goes elsewhere, and are part of what the model costs.
/// </summary>
internal static class MacCount
{
    /// <summary>By operator, the input whose outer axis is the outputs and whose others are summed over.</summary>
    private static readonly Dictionary<string, int> Convolutions = new(StringComparer.Ordinal) { ["Conv"] = 1, ["ConvInteger"] = 1, ["QLinearConv"] = 3, ["FusedConv"] = 1, ["NhwcFusedConv"] = 1 };

    /// <summary>Operators that sum over the last axis of their first input.</summary>
    private static readonly HashSet<string> Products =
        ["Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "QGemm", "FusedMatMul", "FusedGemm", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "MatMulNBits"];

    /// <summary>Operations of one run; 0 for operators that multiply nothing, and where shapes are not known.</summary>
    public static long Of(GraphNode node, Relations relations)
    {
        if (node.Outputs is not [{ Length: > 0 } name, ..] || relations.Shape(name) is not { } output || node.Inputs.Count == 0 || relations.Shape(node.Inputs[0]) is not { } input)
        {
            return 0;
        }

        if (Convolutions.TryGetValue(node.OpType, out var at))
        {
            return node.Input(at) is { } weight && relations.Shape(weight) is { Length: > 0 } kernel ? Product(output) * Product(kernel.AsSpan(1)) : 0;
        }

        if (node.OpType == "ConvTranspose")
        {
            return node.Input(1) is { } weight && relations.Shape(weight) is { Length: > 0 } kernel ? Product(input) * Product(kernel.AsSpan(1)) : 0;
        }

        if (node is { OpType: "Attention", Domain.Length: > 0 } && input is [var samples, var length, var features] && relations.Shape(node.Inputs[1]) is [_, var width])
        {
            // Queries, keys and values, scores, and what they weigh.
            var values = output[^1];
            return (long)samples * length * (((long)features * width) + ((long)length * (((width - values) / 2) + values)));
        }

        return Products.Contains(node.OpType) && input.Length > 0
            ? Product(output) * input[node.Int("transA", 0) != 0 && input.Length > 1 ? ^2 : ^1]
            : 0;
    }

    private static long Product(ReadOnlySpan<int> sizes)
    {
        var product = 1L;
        foreach (var size in sizes)
        {
            product = checked(product * size);
        }

        return product;
    }
}
