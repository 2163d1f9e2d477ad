using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Brings products with a constant weight to a MatMul with a matrix: weights with leading axes of one, Einsum over one
/// index, FusedMatMul. Each sums the same products; a weight that is scaled is rounded once more.
/// </summary>
internal static class PlainProducts
{
    /// <summary>Whether there is something to do, for which ranks must be known.</summary>
    public static bool IsNeeded(ModelGraph graph) => graph.Nodes.Any(n => IsEinsum(n) || IsFused(n) || (IsMatMul(n) && graph.Constant(n.Inputs[1]) is { Dims.Count: > 2 }));

    /// <summary>Applies the pass.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Its observed shapes.</param>
    /// <returns>How many nodes changed.</returns>
    public static int Apply(ModelGraph graph, TensorShapes shapes)
    {
        var edits = graph.Nodes.Count(n => (IsEinsum(n) && FromEinsum(n, graph)) || (IsFused(n) && FromFused(n, graph)) || (IsMatMul(n) && Flatten(n, graph, shapes)));
        graph.Index();
        return edits;
    }

    private static bool IsEinsum(GraphNode node) => node is { OpType: "Einsum", Domain: "", Inputs.Count: 2 };

    private static bool IsFused(GraphNode node) => node is { OpType: "FusedMatMul", Domain: "com.microsoft", Inputs.Count: 2 };

    private static bool IsMatMul(GraphNode node) => node is { OpType: "MatMul", Domain: "", Inputs.Count: 2 };

    /// <summary>Takes leading axes of one off a weight; an input of as many axes gives the same shape without them.</summary>
    private static bool Flatten(GraphNode node, ModelGraph graph, TensorShapes shapes)
    {
        if (Own(node.Inputs[1], graph) is not { Dims.Count: > 2 } weight || weight.Dims.SkipLast(2).Any(d => d != 1) || !(shapes.Of(node.Inputs[0])?.Length >= weight.Dims.Count))
        {
            return false;
        }

        weight.WriteBytes([.. weight.Dims.TakeLast(2)], weight.ReadBytes());
        return true;
    }

    private static bool FromFused(GraphNode node, ModelGraph graph)
    {
        var (alpha, turned) = (node.Float("alpha", 1), node.Int("transB", 0) != 0);
        if (node.Int("transA", 0) != 0 || node.Int("transBatchA", 0) != 0 || node.Int("transBatchB", 0) != 0
            || ((alpha != 1 || turned) && Own(node.Inputs[1], graph) is not { Dims.Count: 2 }))
        {
            return false;
        }

        if (alpha != 1 || turned)
        {
            Restate(graph.Constant(node.Inputs[1])!, turned, alpha);
        }

        Become(node, node.Inputs[0], node.Inputs[1]);
        return true;
    }

    private static bool FromEinsum(GraphNode node, ModelGraph graph)
    {
        var at = Own(node.Inputs[1], graph) is not null ? 1 : 0;
        if (Own(node.Inputs[at], graph) is not { Dims.Count: 2 } weight || graph.Constant(node.Inputs[1 - at]) is not null
            || node.Text("equation", "").Replace(" ", "", StringComparison.Ordinal).Split("->") is not [var terms, var made] || terms.Split(',') is not { Length: 2 } read)
        {
            return false;
        }

        if (IsTurned(read[1 - at], read[at], made) is not { } turned)
        {
            return false;
        }

        if (turned)
        {
            Restate(weight, isTurned: true, 1);
        }

        Become(node, node.Inputs[1 - at], node.Inputs[at]);
        return true;
    }

    /// <summary>Whether the weight has its outputs first; null when the equation is no linear map of the last axis.</summary>
    private static bool? IsTurned(string input, string weight, string made)
    {
        if (weight.Length != 2 || weight[0] == weight[1] || input.Length < 2 || made.Length != input.Length || made[..^1] != input[..^1]
            || input.Replace("...", "", StringComparison.Ordinal) is var letters && letters.Distinct().Count() != letters.Length)
        {
            return null;
        }

        var (summed, output) = (input[^1], made[^1]);
        return !char.IsLetter(summed) || !char.IsLetter(output) || input.Contains(output, StringComparison.Ordinal) ? null
            : weight[0] == summed && weight[1] == output ? false
            : weight[1] == summed && weight[0] == output ? true
            : null;
    }

    private static Initializer? Own(string name, ModelGraph graph) =>
        graph.Initializers.TryGetValue(name, out var constant) && constant.Type.IsFloatingPoint() && graph.Uses(name).Count == 1 && !graph.IsInput(name) && !graph.IsOutput(name) ? constant : null;

    private static void Restate(Initializer weight, bool isTurned, float factor)
    {
        var (rows, columns) = ((int)weight.Dims[0], (int)weight.Dims[1]);
        var values = weight.ReadFloats();
        var restated = new float[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            restated[isTurned ? ((i % columns) * rows) + (i / columns) : i] = factor * values[i];
        }

        weight.Write(isTurned ? [columns, rows] : [rows, columns], restated);
    }

    private static void Become(GraphNode node, string input, string weight)
    {
        node.Proto.OpType = "MatMul";
        node.Proto.Domain = "";
        node.Proto.Attribute.Clear();
        (node.Proto.Input[0], node.Proto.Input[1]) = (input, weight);
    }
}
