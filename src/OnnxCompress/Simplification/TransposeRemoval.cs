using OnnxCompress.Dependencies.Operators;
using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Cancels Transposes. Models converted from channels-last frameworks turn every tensor to and fro around every
/// convolution; a Transpose sinks through element-wise operators until it meets its inverse. The runtime does the same to
/// the model when it loads it. Here it brings the convolution, the Add behind it and the activation behind that together,
/// so that least squares can aim at what the three make.
/// </summary>
internal static class TransposeRemoval
{
    private static readonly HashSet<string> Elementwise = [.. new ElementwiseRule().OpTypes, "Identity", "Cast", "Clip"];

    /// <summary>Applies the pass.</summary>
    /// <returns>How many Transposes went, or found another place.</returns>
    public static int Apply(ModelGraph graph)
    {
        var edits = 0;
        // A Transpose only ever moves towards the outputs, so this ends.
        while (graph.Nodes.FirstOrDefault(n => Cancel(n, graph) || Sink(n, graph)) is not null)
        {
            graph.RemoveDeadNodes();
            edits++;
        }

        return edits;
    }

    /// <summary>Lets readers of two Transposes that undo each other read what the first one reads.</summary>
    private static bool Cancel(GraphNode node, ModelGraph graph)
    {
        if (Order(node) is not { } second || graph.Producer(node.Inputs[0]) is not { } turned || Order(turned) is not { } first
            || first.Count != second.Count || !second.Select(axis => first[(int)axis]).SequenceEqual(Axes(first.Count)) || !CanReplace(node.Outputs[0], graph))
        {
            return false;
        }

        graph.ReplaceUses(node.Outputs[0], turned.Inputs[0]);
        graph.Remove(node);
        graph.Index();
        return true;
    }

    /// <summary>Turns what an element-wise operator makes in place of what it reads.</summary>
    private static bool Sink(GraphNode node, ModelGraph graph)
    {
        if (node.Domain.Length > 0 || !Elementwise.Contains(node.OpType) || node.Outputs.Count != 1)
        {
            return false;
        }

        var turned = node.Inputs.Select(graph.Producer).Where(p => p is not null && Order(p) is not null).Distinct().ToArray();
        if (turned.Length == 0 || Order(turned[0]!) is not { } order || !Helps(node, turned.Length, graph)
            || !node.Inputs.All(i => i.Length == 0 || IsScalar(i, order.Count, graph) || (graph.Producer(i) is { } p && Order(p)?.SequenceEqual(order) == true)))
        {
            return false;
        }

        var output = node.Outputs[0];
        var straight = graph.UniqueName($"{output}/straight");
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (graph.Producer(node.Inputs[i]) is { } transpose && Order(transpose) is not null)
            {
                node.Proto.Input[i] = transpose.Inputs[0];
            }
        }

        node.Proto.Output[0] = straight;
        graph.AddNode("Transpose", graph.UniqueName($"{node.Name}/transpose"), [straight], [output]).SetInts("perm", order);
        graph.Index();
        return true;
    }

    /// <summary>Whether fewer Transposes remain, or one comes to stand in front of another.</summary>
    private static bool Helps(GraphNode node, int turned, ModelGraph graph) =>
        turned > 1 || graph.Uses(node.Outputs[0]).Any(u => Order(u.Node) is not null);

    /// <summary>The axes of a Transpose; null for other nodes, and where their order depends on the rank.</summary>
    private static IReadOnlyList<long>? Order(GraphNode node) =>
        node is { OpType: "Transpose", Domain: "" } && node.Ints("perm") is { Count: > 0 } order && order.Order().SequenceEqual(Axes(order.Count)) ? order : null;

    private static IEnumerable<long> Axes(int count) => Enumerable.Range(0, count).Select(i => (long)i);

    /// <summary>A single number looks the same from every side; one of higher rank would add axes to the result.</summary>
    private static bool IsScalar(string name, int rank, ModelGraph graph) => graph.Constant(name) is { Count: 1 } constant && constant.Dims.Count <= rank;

    private static bool CanReplace(string tensor, ModelGraph graph) =>
        !graph.IsOutput(tensor) && graph.Uses(tensor).All(u => u.Index != TensorUse.Captured);
}
