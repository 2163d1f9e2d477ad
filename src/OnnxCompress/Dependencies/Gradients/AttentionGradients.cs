using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>How derivatives pass through attention in one node: its probabilities are computed once more, which no output shows.</summary>
internal static class AttentionGradients
{
    private const float UsualFilter = -10000;

    /// <summary>
    /// Heads behind each other, without caches, masked by positions of keys or not at all. With P the probabilities, h the derivative by
    /// P V, <c>s = P (h V^T - sum(P h V^T))</c>: those by queries, keys and values are <c>s K / sqrt(d)</c>, <c>s^T Q / sqrt(d)</c>, <c>P^T h</c>.
    /// </summary>
    /// <returns>False for other forms.</returns>
    public static bool OfHeads(GraphNode node, GradientBuilder b, string gradient)
    {
        var heads = node.Int("num_heads", 0);
        int[] operands = [0, 1, 2];
        if (node.Inputs.Skip(6).Any(i => i.Length > 0) || node.Int("unidirectional", 0) != 0 || heads <= 0
            || node.Inputs.Count < 3 || !Array.TrueForAll(operands, i => b.ShapeOf(node.Inputs[i]) is { Length: 3 })
            || (node.Input(4) is { } mask && b.ShapeOf(mask) is not { Length: 2 }) || (node.Input(5) is { } added && b.IsNeeded(added)))
        {
            return false;
        }

        var sizes = Array.ConvertAll(operands, i => b.ShapeOf(node.Inputs[i])![^1]);
        var starts = new[] { 0, sizes[0], sizes[0] + sizes[1] };
        string Biased(int i) => node.Input(3) is { } bias
            ? b.Op("Add", node.Inputs[i], b.Op("Slice", bias, b.Integers(starts[i]), b.Integers(starts[i] + sizes[i])))
            : node.Inputs[i];
        string Apart(string tensor, int width) => b.Transpose(b.Op("Reshape", tensor, b.Integers(0, 0, heads, width / heads)), [0, 2, 1, 3]);
        string Together(string tensor, int i) => b.Op("Reshape", b.Transpose(tensor, [0, 2, 1, 3]), b.Op("Shape", node.Inputs[i]));

        var scale = b.Number(node.Float("scale", 0) is var given and > 0 ? given : 1 / MathF.Sqrt(sizes[0] / heads));
        var (queries, keys, values) = (b.Op("Mul", Apart(Biased(0), sizes[0]), scale), Apart(Biased(1), sizes[1]), Apart(Biased(2), sizes[2]));
        var probabilities = b.Op("Softmax", Masked(node, b, b.Op("MatMul", queries, b.TransposeLast(keys, 4))));
        b.Last.SetInt("axis", -1);
        var mixed = Apart(gradient, sizes[2]);
        b.Give(node.Inputs[2], () => Together(b.Op("MatMul", b.TransposeLast(probabilities, 4), mixed), 2));
        var felt = b.Op("Mul", probabilities, b.Op("MatMul", mixed, b.TransposeLast(values, 4)));
        var scores = b.Op("Sub", felt, b.Op("Mul", probabilities, b.Sum(felt, keep: true, -1)));
        b.Give(node.Inputs[0], () => Together(b.Op("Mul", b.Op("MatMul", scores, keys), scale), 0));
        b.Give(node.Inputs[1], () => Together(b.Op("MatMul", b.TransposeLast(scores, 4), queries), 1));
        return true;
    }

    private static string Masked(GraphNode node, GradientBuilder b, string scores)
    {
        var summed = node.Input(5) is { } added ? b.Op("Add", scores, added) : scores;
        if (node.Input(4) is not { } mask)
        {
            return summed;
        }

        var kept = b.Op("Cast", mask);
        b.Last.SetInt("to", (long)ElementType.Float);
        var left = b.Op("Mul", b.Op("Sub", b.Number(1), kept), b.Number(node.Float("mask_filter_value", UsualFilter)));
        return b.Op("Add", summed, b.Op("Unsqueeze", left, b.Integers(1, 2)));
    }
}
