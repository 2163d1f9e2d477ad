using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// What inputs are, as their names and uses in the graph suggest: ids of the table that they index, masks that hide nothing,
/// lengths, sampling rates, the constant that they are compared with.
/// </summary>
internal static class MadeUpInputs
{
    /// <summary>Masked positions get at most this; nothing else is so low.</summary>
    private const float Hidden = -1000;

    private const double SamplingRate = 16000;

    /// <summary>Operators that hand values on.</summary>
    private static readonly HashSet<string> Movers =
        ["Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Expand", "Tile", "ReduceMax", "ReduceMin", "ReduceMean", "Slice", "Concat"];

    /// <summary>What to make up for an input.</summary>
    /// <param name="input">The input.</param>
    /// <param name="graph">Where it is used; null where only its name is known.</param>
    public static MadeUp Of(TensorInfo input, ModelGraph? graph)
    {
        var name = input.Name.ToLowerInvariant();
        bool Has(params string[] words) => words.Any(word => name.Contains(word, StringComparison.Ordinal));
        var use = graph is null ? null : Use(input, graph);
        return Has("token_type", "segment") ? MadeUp.Zeros
            : Has("mask") ? MadeUp.Ones
            : Has("position") && !input.Type.IsFloatingPoint() ? new(MadeUpKind.Positions, use?.Value ?? double.PositiveInfinity)
            : use ?? (input.Type.IsFloatingPoint() ? (Has("scale", "speed") && input.Dims is { Count: < 2 } ? MadeUp.Ones : MadeUp.Free)
            : name is "sr" || Has("sample_rate", "sampling_rate", "samplerate") ? new(MadeUpKind.Constant, SamplingRate)
            : Has("length", "_len", "lens") && input.Type != ElementType.Bool ? new(MadeUpKind.Length)
            : MadeUp.Free);
    }

    /// <summary>What the uses of a tensor say; null when they say nothing.</summary>
    private static MadeUp? Use(TensorInfo input, ModelGraph graph)
    {
        MadeUp? found = null;
        var (seen, open) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>([input.Name]));
        while (open.TryPop(out var tensor))
        {
            foreach (var use in seen.Add(tensor) ? graph.Uses(tensor).Where(use => use.Index != TensorUse.Captured) : [])
            {
                if (Rule(use.Node, use.Index, graph, isChoice: input.Dims is { Count: < 2 }) is { } rule)
                {
                    // Of several tables the smallest has all the rows that are asked for.
                    found = found is { Kind: MadeUpKind.Rows } && rule.Kind == MadeUpKind.Rows && found.Value < rule.Value ? found : rule;
                }
                else if (Movers.Contains(use.Node.OpType) && (use.Index == 0 || use.Node.OpType == "Concat"))
                {
                    use.Node.Outputs.Where(output => output.Length > 0).ToList().ForEach(open.Push);
                }
            }
        }

        return found;
    }

    /// <param name="node">Who reads the tensor.</param>
    /// <param name="index">As which of its inputs.</param>
    /// <param name="graph">Where constants are.</param>
    /// <param name="isChoice">Whether the input chooses between branches: many ids that are compared with one are none.</param>
    private static MadeUp? Rule(GraphNode node, int index, ModelGraph graph, bool isChoice) => (node.OpType, index) switch
    {
        ("Gather", 1) => Table(graph, node.Inputs[0], (int)node.Int("axis", 0)),
        ("EmbedLayerNormalization", 0) => Table(graph, node.Inputs[2], 0),
        ("EmbedLayerNormalization", 1) => MadeUp.Zeros,
        ("Equal", _) when isChoice => Number(graph, node.Inputs[1 - index]) is { } compared ? new(MadeUpKind.Constant, compared) : null,
        // 1 - mask is what is hidden.
        ("Sub", 1) => Number(graph, node.Inputs[0]) == 1 ? MadeUp.Ones : null,
        ("Where", 0) => Number(graph, node.Inputs[2]) < Hidden ? MadeUp.Ones : Number(graph, node.Inputs[1]) < Hidden ? MadeUp.Zeros : null,
        _ => null,
    };

    private static MadeUp? Table(ModelGraph graph, string table, int axis)
    {
        var constant = graph.Constant(table);
        // A table may be stored in a narrow type and widened first.
        for (var node = graph.Producer(table); constant is null && node is { OpType: "Cast" or "DequantizeLinear" or "Identity" }; node = graph.Producer(node.Inputs[0]))
        {
            constant = graph.Constant(node.Inputs[0]);
        }

        return constant?.Dims is { Count: > 0 } dims ? new(MadeUpKind.Rows, dims[axis < 0 ? axis + dims.Count : axis]) : null;
    }

    private static double? Number(ModelGraph graph, string tensor)
    {
        if (graph.Constant(tensor) is not { Count: 1 } constant)
        {
            return null;
        }

        return constant.Type switch
        {
            ElementType.Int32 or ElementType.Int64 => constant.ReadIntegers()[0],
            var type when type.IsFloatingPoint() => constant.ReadFloats()[0],
            _ => null,
        };
    }
}
