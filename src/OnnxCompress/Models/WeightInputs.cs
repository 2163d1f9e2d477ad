namespace OnnxCompress.Models;

/// <summary>
/// What operators read that is no weight: scales and zero points of quantised numbers, maps of indices, and tables of angles. They cost
/// bytes, but nothing was learnt in them.
/// </summary>
internal static class WeightInputs
{
    /// <summary>By operator, the inputs that are scales, zero points, maps or angles.</summary>
    private static readonly Dictionary<string, int[]> Beside = new(StringComparer.Ordinal)
    {
        ["QuantizeLinear"] = [1, 2],
        ["DequantizeLinear"] = [1, 2],
        ["ConvInteger"] = [2, 3],
        ["MatMulInteger"] = [2, 3],
        ["QLinearConv"] = [1, 2, 4, 5, 6, 7],
        ["QLinearMatMul"] = [1, 2, 4, 5, 6, 7],
        ["QLinearAdd"] = [1, 2, 4, 5, 6, 7],
        ["QLinearMul"] = [1, 2, 4, 5, 6, 7],
        ["QGemm"] = [1, 2, 4, 5, 7, 8],
        ["QLinearSigmoid"] = [1, 2, 3, 4],
        ["QLinearLeakyRelu"] = [1, 2, 3, 4],
        ["QLinearSoftmax"] = [1, 2, 3, 4],
        ["QLinearAveragePool"] = [1, 2, 3, 4],
        ["QLinearGlobalAveragePool"] = [1, 2, 3, 4],
        ["MatMulNBits"] = [2, 3, 4],
        ["GatherBlockQuantized"] = [1, 2, 3],
        ["DynamicQuantizeMatMul"] = [2, 3],
        ["MatMulIntegerToFloat"] = [2, 3, 4, 5],
        ["DynamicQuantizeLSTM"] = [8, 9, 10, 11],
        ["QAttention"] = [3, 4, 6, 7],
        ["RotaryEmbedding"] = [1, 2, 3],
        ["GroupQueryAttention"] = [7, 8, 12, 13],
    };

    /// <summary>Operators and inputs whose int32 constants are biases of quantised layers; elsewhere int32 are sizes and indices.</summary>
    private static readonly Dictionary<string, int> QuantisedBias = new(StringComparer.Ordinal)
    {
        ["QLinearConv"] = 8, ["QGemm"] = 6, ["DequantizeLinear"] = 0,
    };

    private static readonly HashSet<ElementType> Narrow = [ElementType.UInt8, ElementType.Int8, ElementType.UInt16, ElementType.Int16];

    /// <summary>Element types of 4 and 8 bits that this tool does not read but knows to be numbers: float8, uint4, int4, float4.</summary>
    private const int FirstUnread = 17, LastUnread = 23;

    /// <summary>The form of a constant where a node reads it; null where it is no weight.</summary>
    /// <param name="node">The reader.</param>
    /// <param name="index">Which of its inputs; negative for one that only its subgraphs read.</param>
    /// <param name="type">Element type of the constant.</param>
    /// <param name="isScaled">Whether a tensor is the scale of numbers that are quantised while the model runs.</param>
    public static WeightForm? FormOf(GraphNode node, int index, ElementType type, Func<string, bool> isScaled)
    {
        if (Beside.TryGetValue(node.OpType, out var beside) && beside.Contains(index))
        {
            return null;
        }

        if (type.IsFloatingPoint())
        {
            return IsScale(node, index, isScaled) || IsStepTable(node, index, isScaled) ? null : WeightForm.Float;
        }

        return Narrow.Contains(type) || (int)type is >= FirstUnread and <= LastUnread || (type == ElementType.Int32 && QuantisedBias.TryGetValue(node.OpType, out var bias) && bias == index)
            ? WeightForm.Quantised
            : null;
    }

    /// <summary>Logical elements of a constant, which some operators read packed.</summary>
    /// <param name="node">The reader.</param>
    /// <param name="index">Which of its inputs.</param>
    /// <param name="type">Element type of the constant.</param>
    /// <param name="stored">Stored elements.</param>
    public static long Logical(GraphNode node, int index, ElementType type, long stored) => (node.OpType, index) switch
    {
        ("MatMulNBits", 1) when node.Int("K", 0) > 0 && node.Int("N", 0) > 0 => node.Int("K", 0) * node.Int("N", 0),
        ("GatherBlockQuantized", 0) when type == ElementType.UInt8 && node.Int("bits", 4) == 4 => 2 * stored,
        _ => stored,
    };

    /// <summary>A table in bytes has the steps of its rows in a table of their own.</summary>
    private static bool IsStepTable(GraphNode node, int index, Func<string, bool> isScaled) => node.OpType == "Gather" && index == 0 && isScaled(node.Inputs[0]);

    /// <summary>Dynamic quantisation multiplies the scale of the activation with that of the weight.</summary>
    private static bool IsScale(GraphNode node, int index, Func<string, bool> isScaled) =>
        node is { OpType: "Mul", Inputs.Count: 2 } && index is 0 or 1 && isScaled(node.Inputs[1 - index]);
}
