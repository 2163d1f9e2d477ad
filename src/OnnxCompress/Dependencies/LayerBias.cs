using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>Constants that are added to the outputs of a layer: an operand of its own, or of an Add behind it.</summary>
internal static class LayerBias
{
    /// <summary>Whether a constant holds one value for each channel, along its last axis.</summary>
    public static bool IsVector(Initializer? constant, int channels) =>
        constant is { Dims: [.., var last] } && last == channels && constant.Count == channels;

    /// <summary>The Add that alone reads a tensor, and what it adds; null when there is none, or the model's output shows the tensor.</summary>
    public static (GraphNode Add, string Other)? AddBehind(string tensor, ModelGraph graph) =>
        !graph.IsOutput(tensor) && graph.Uses(tensor) is [{ Node.OpType: "Add", Index: >= 0 and var index, Node: var add }] ? (add, add.Inputs[1 - index]) : null;
}
