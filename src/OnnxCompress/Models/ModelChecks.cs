using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>What a model must hold before anything is done with it, beyond being a protobuf.</summary>
internal static class ModelChecks
{
    /// <summary>Operators before it broadcast and normalise by other rules.</summary>
    private const long OldestOpset = 7;

    /// <summary>
    /// Attributes that the runtime divides by or counts with and does not check everywhere: a zero ends the process, and no
    /// exception tells which model it was.
    /// </summary>
    private static readonly HashSet<string> Positive =
        ["group", "num_groups", "strides", "dilations", "kernel_shape", "blocksize", "block_size", "hidden_size", "num_outputs", "num_heads", "size"];

    /// <summary>Operators of any number of inputs, none of which can be left out; the runtime looks at all of them.</summary>
    private static readonly HashSet<string> Variadic = ["Max", "Min", "Sum", "Mean", "Concat", "Einsum", "SequenceConstruct", "ConcatFromSequence"];

    /// <summary>Refuses operator sets that are not read, numbers that must be positive, and names that nothing makes.</summary>
    /// <param name="model">The model.</param>
    /// <param name="graph">Its graph, indexed.</param>
    /// <param name="opset">Version of the default operator set.</param>
    /// <exception cref="OnnxCompressException">OCX1003, OCX1006 or OCX1008.</exception>
    public static void Check(ModelProto model, ModelGraph graph, long opset)
    {
        if (opset < OldestOpset)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OpsetUnsupported,
                $"The model was made for operator set {opset}; {OldestOpset} and later ones are read. Convert it with the ONNX version converter.");
        }

        foreach (var initializer in graph.Initializers.Values)
        {
            initializer.CheckSize();
        }

        CheckAttributes(model.Graph);
        CheckNames(model.Graph, graph);
    }

    private static void CheckAttributes(GraphProto graph)
    {
        foreach (var node in graph.Node)
        {
            if (Variadic.Contains(node.OpType) && node.Input.Contains(""))
            {
                throw Inconsistent($"node '{node.Name}' ({node.OpType}) leaves out an input");
            }

            foreach (var attribute in node.Attribute)
            {
                if (Positive.Contains(attribute.Name) && IsWrong(attribute))
                {
                    throw Inconsistent($"the attribute '{attribute.Name}' of node '{node.Name}' ({node.OpType}) is not positive");
                }

                foreach (var inner in attribute.G is null ? attribute.Graphs : attribute.Graphs.Append(attribute.G))
                {
                    CheckAttributes(inner);
                }
            }
        }
    }

    private static bool IsWrong(AttributeProto attribute) => attribute.Type switch
    {
        AttributeProto.Types.AttributeType.Int => attribute.I is < 1 or > int.MaxValue,
        AttributeProto.Types.AttributeType.Ints => attribute.Ints.Any(i => i is < 1 or > int.MaxValue),
        _ => false,
    };

    private static void CheckNames(GraphProto proto, ModelGraph graph)
    {
        var known = proto.Input.Select(i => i.Name)
            .Concat(graph.Initializers.Keys)
            .Concat(proto.SparseInitializer.Select(s => s.Values?.Name ?? ""))
            .Concat(graph.Nodes.SelectMany(n => n.Outputs))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Nodes)
        {
            if (node.Inputs.Concat(node.CapturedNames()).FirstOrDefault(name => name.Length > 0 && !known.Contains(name)) is { } missing)
            {
                throw Inconsistent($"node '{node.Name}' reads '{missing}', which nothing makes");
            }
        }

        if (proto.Output.FirstOrDefault(o => !known.Contains(o.Name)) is { } output)
        {
            throw Inconsistent($"nothing makes the output '{output.Name}'");
        }

        if (proto.Input.GroupBy(i => i.Name, StringComparer.Ordinal).Concat(proto.Output.GroupBy(o => o.Name, StringComparer.Ordinal))
                .FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw Inconsistent($"'{twice.Key}' is listed twice among the inputs or the outputs");
        }
    }

    private static OnnxCompressException Inconsistent(string reason) =>
        new(DiagnosticCodes.GraphInconsistent, $"The graph contradicts itself: {reason}; export the model again.");
}
