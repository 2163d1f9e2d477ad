using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>Constants that are added to the outputs of a layer: an operand of its own, or of an Add behind it.</summary>
internal static class LayerBias
{
    /// <summary>Whether a constant holds one value for each channel, along its last axis.</summary>
    public static bool IsVector(Initializer? constant, int channels) =>
        constant is { Dims: [.., var last] } && last == channels && constant.Count == channels;

    /// <summary>What the only reader of a tensor adds to it: an Add, or a node of the runtime's own that adds a bias before it does something else. Null where there is none.</summary>
    public static string? Behind(string tensor, ModelGraph graph) => AddBehind(tensor, graph) is var (_, other) ? other
        : graph.IsOutput(tensor) || graph.Uses(tensor) is not [{ Index: >= 0 and var index, Node: { Domain: "com.microsoft" } reader }] ? null
        : (reader.OpType, index) switch
        {
            ("BiasGelu" or "FastGelu", 0) => reader.Input(1),
            ("SkipLayerNormalization", 0 or 1) => reader.Input(4),
            ("SkipSimplifiedLayerNormalization", 0 or 1) => reader.Input(3),
            _ => null,
        };

    /// <summary>What a normalisation that alone reads a tensor adds to it, beside a bias; null where none does.</summary>
    public static string? SkipBehind(string tensor, ModelGraph graph) =>
        !graph.IsOutput(tensor)
        && graph.Uses(tensor) is [{ Index: (0 or 1) and var index, Node: { Domain: "com.microsoft", OpType: "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization" } reader }]
            ? reader.Input(1 - index)
            : null;

    /// <summary>The Add that alone reads a tensor, and what it adds; null when there is none, or the model's output shows the tensor.</summary>
    public static (GraphNode Add, string Other)? AddBehind(string tensor, ModelGraph graph) =>
        !graph.IsOutput(tensor) && graph.Uses(tensor) is [{ Node.OpType: "Add", Index: >= 0 and var index, Node: var add }] ? (add, add.Inputs[1 - index]) : null;
}
