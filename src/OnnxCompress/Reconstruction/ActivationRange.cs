using OnnxCompress.Models;

namespace OnnxCompress.Reconstruction;

/// <summary>What an activation lets through of the values behind a layer: those between two limits; the rest become the limits.</summary>
/// <param name="Least">The lower limit.</param>
/// <param name="Most">The upper limit.</param>
internal readonly record struct ActivationRange(float Least, float Most)
{
    /// <summary>The range of the node that alone reads a tensor; null when that is not a Relu or a Clip between constants.</summary>
    public static ActivationRange? Behind(ModelGraph graph, string tensor)
    {
        if (graph.IsOutput(tensor) || graph.Uses(tensor) is not [{ Index: 0, Node: var node }])
        {
            return null;
        }

        return node.OpType switch
        {
            "Relu" => new(0, float.PositiveInfinity),
            "Clip" when Limit(graph, node, 1, "min", float.NegativeInfinity) is { } least && Limit(graph, node, 2, "max", float.PositiveInfinity) is { } most && least < most =>
                new(least, most),
            _ => null,
        };
    }

    /// <summary>
    /// The value to aim at so that the activation gives what it should: beyond a limit any value is as good as any other, so
    /// what is there already stays. In place of the true error <c>(f(target) - f(value))^2</c> least squares then makes a bound
    /// of it smaller that touches it at <paramref name="value"/>.
    /// </summary>
    /// <param name="target">What the original had.</param>
    /// <param name="value">What is there.</param>
    public float Aim(float target, float value) =>
        target <= Least ? Math.Min(value, Least) : target >= Most ? Math.Max(value, Most) : target;

    // Limits were attributes up to opset 10 and are inputs since; null when one is computed.
    private static float? Limit(ModelGraph graph, GraphNode node, int input, string attribute, float none) =>
        node.Input(input) is { } name ? graph.IsInput(name) ? null : graph.Constant(name)?.ReadFloats() is [var value] ? value : null : node.Float(attribute, none);
}
