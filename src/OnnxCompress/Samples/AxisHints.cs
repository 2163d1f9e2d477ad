using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Sizes of inputs that the weights beside them fix, although the model declares them dynamic. How an operator stores its weight is
/// not asked: where either side of it could be meant, both are said, and a run tells.
/// </summary>
internal static class AxisHints
{
    /// <summary>Operators that give back the shape they are given first.</summary>
    private static readonly HashSet<string> Same = ["Cast", "Identity", "Relu", "Clip", "Dropout"];

    /// <summary>Sizes that an axis may have, the likeliest first; none where no weight says any.</summary>
    /// <param name="input">The input; has a rank.</param>
    /// <param name="axis">The axis, of all of them.</param>
    /// <param name="graph">Where it is used.</param>
    public static IReadOnlyList<long> Of(TensorInfo input, int axis, ModelGraph graph)
    {
        var tensor = input.Name;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (seen.Add(tensor))
        {
            var uses = graph.Uses(tensor).Where(use => use.Index == 0).ToArray();
            if (uses.Select(use => Said(use.Node, axis, input.Dims!.Count, graph)).FirstOrDefault(sizes => sizes.Length > 0) is { } found)
            {
                return found;
            }

            tensor = uses.FirstOrDefault(use => Same.Contains(use.Node.OpType)).Node?.Outputs[0] ?? tensor;
        }

        return [];
    }

    private static long[] Said(GraphNode node, int axis, int rank, ModelGraph graph)
    {
        if (node.Inputs.Count < 2 || graph.Constant(node.Inputs[1])?.Dims is not { } weight)
        {
            return [];
        }

        return (node.OpType, weight.Count) switch
        {
            // Where each channel has its own kernel there are as many as come out.
            ("Conv", > 2) when axis == 1 => [weight[1], weight[0]],
            ("MatMul", 2) when axis == rank - 1 => [weight[0]],
            ("Gemm", 2) when axis == 1 => [weight[0], weight[1]],
            ("LSTM" or "GRU" or "RNN", 3) when axis == 2 => [weight[2]],
            _ => [],
        };
    }
}
