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
    private static readonly HashSet<string> Elementwise = [.. ElementwiseOperators.Names, "Identity", "Cast", "Clip"];

    /// <summary>
    /// Nodes looked at in all sweeps together: a Transpose moves by one node in each, so that a long way takes many. What
    /// has not arrived by then stays where it is.
    /// </summary>
    private const long MostLookedAt = 2_000_000;

    /// <summary>Applies the pass.</summary>
    /// <returns>How many Transposes went, or found another place.</returns>
    public static int Apply(ModelGraph graph)
    {
        var edits = 0;
        var looked = 0L;
        // A Transpose only ever moves towards the outputs, so this ends.
        for (var sweep = Sweep(graph); sweep > 0; sweep = looked > MostLookedAt ? 0 : Sweep(graph))
        {
            edits += sweep;
            looked += graph.Nodes.Count;
        }

        return edits;
    }

    /// <summary>Edits places that have nothing to do with each other, and brings the look-ups up to date once.</summary>
    private static int Sweep(ModelGraph graph)
    {
        var touched = new HashSet<string>(StringComparer.Ordinal);
        var edits = graph.Nodes.Count(n => Cancel(n, graph, touched) || Sink(n, graph, touched));
        if (edits > 0)
        {
            graph.Index();
            graph.RemoveDeadNodes();
        }

        return edits;
    }

    /// <summary>Lets readers of two Transposes that undo each other read what the first one reads.</summary>
    private static bool Cancel(GraphNode node, ModelGraph graph, HashSet<string> touched)
    {
        if (Order(node) is not { } second || graph.Producer(node.Inputs[0]) is not { } turned || Order(turned) is not { } first
            || first.Count != second.Count || !second.Select(axis => first[(int)axis]).SequenceEqual(Axes(first.Count)) || !CanReplace(node.Outputs[0], graph)
            || !Touch(touched, [turned.Inputs[0], node.Inputs[0], node.Outputs[0]]))
        {
            return false;
        }

        graph.ReplaceUses(node.Outputs[0], turned.Inputs[0]);
        return true;
    }

    /// <summary>Turns what an element-wise operator makes in place of what it reads.</summary>
    private static bool Sink(GraphNode node, ModelGraph graph, HashSet<string> touched)
    {
        if (node.Domain.Length > 0 || !Elementwise.Contains(node.OpType) || node.Outputs.Count != 1)
        {
            return false;
        }

        GraphNode[] turned = [.. node.Inputs.Select(graph.Producer).OfType<GraphNode>().Where(p => Order(p) is not null).Distinct()];
        if (turned.Length == 0 || !Helps(node, turned, graph))
        {
            return false;
        }

        var order = Order(turned[0])!;
        var output = node.Outputs[0];
        if (!turned.All(t => Order(t)!.SequenceEqual(order))
            || !node.Inputs.All(i => i.Length == 0 || IsScalar(i, order.Count, graph) || turned.Contains(graph.Producer(i)))
            || !Touch(touched, [output, .. turned.Select(t => t.Inputs[0]), .. turned.Select(t => t.Outputs[0])]))
        {
            return false;
        }

        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (graph.Producer(node.Inputs[i]) is { } transpose && turned.Contains(transpose))
            {
                node.Proto.Input[i] = transpose.Inputs[0];
            }
        }

        var straight = graph.UniqueName($"{output}/straight");
        node.Proto.Output[0] = straight;
        graph.AddNode("Transpose", graph.UniqueName($"{output}/transpose"), [straight], [output]).SetInts("perm", order);
        return true;
    }

    /// <summary>Takes tensors for an edit; false when another one of the sweep has one of them, whose look-ups are out of date.</summary>
    private static bool Touch(HashSet<string> touched, string[] tensors)
    {
        if (tensors.Any(touched.Contains))
        {
            return false;
        }

        touched.UnionWith(tensors);
        return true;
    }

    /// <summary>Whether fewer Transposes remain, or one comes to stand in front of another.</summary>
    private static bool Helps(GraphNode node, GraphNode[] turned, ModelGraph graph) =>
        turned.Count(t => CanReplace(t.Outputs[0], graph) && graph.Uses(t.Outputs[0]).All(u => u.Node == node)) > 1
        || graph.Uses(node.Outputs[0]).Any(u => Order(u.Node) is not null);

    /// <summary>The axes of a Transpose; null for other nodes, and where their order depends on the rank.</summary>
    private static IReadOnlyList<long>? Order(GraphNode node) =>
        node is { OpType: "Transpose", Domain: "", Inputs.Count: 1, Outputs.Count: 1 } && node.Ints("perm") is { Count: > 0 } order && order.Order().SequenceEqual(Axes(order.Count)) ? order : null;

    private static IEnumerable<long> Axes(int count) => Enumerable.Range(0, count).Select(i => (long)i);

    /// <summary>A single number looks the same from every side; one of higher rank would add axes to the result.</summary>
    private static bool IsScalar(string name, int rank, ModelGraph graph) => graph.Constant(name) is { Count: 1 } constant && constant.Dims.Count <= rank;

    private static bool CanReplace(string tensor, ModelGraph graph) =>
        !graph.IsOutput(tensor) && graph.Uses(tensor).All(u => u.Index != TensorUse.Captured);
}
