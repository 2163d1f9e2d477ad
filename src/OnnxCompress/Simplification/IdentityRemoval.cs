using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>Removes nodes that pass their input on: Identity, Dropout as it is at inference, and Pad by nothing.</summary>
internal static class IdentityRemoval
{
    /// <summary>Applies the pass.</summary>
    /// <returns>How many nodes went.</returns>
    public static int Apply(ModelGraph graph)
    {
        var passes = graph.Nodes.Where(n => n is { Domain.Length: 0, Inputs.Count: > 0, Outputs.Count: > 0 } && (n.OpType == "Identity" || IsIdleDropout(n, graph) || IsIdlePad(n, graph))).ToArray();
        var removed = 0;
        foreach (var node in passes.Where(n => !graph.IsOutput(n.Outputs[0])))
        {
            // A subgraph reads names, which only this graph's readers can be given anew. In node order the input of each is
            // final when its turn comes, so that a chain of them needs the look-ups once.
            if (graph.Uses(node.Outputs[0]).All(u => u.Index != TensorUse.Captured))
            {
                graph.ReplaceUses(node.Outputs[0], node.Inputs[0]);
                graph.Remove(node);
                removed++;
            }
        }

        graph.Index();
        return removed;
    }

    private static bool IsIdleDropout(GraphNode node, ModelGraph graph) =>
        node.OpType == "Dropout" && node.Input(2) is null &&
        node.Outputs.Skip(1).All(o => o.Length == 0 || (graph.Uses(o).Count == 0 && !graph.IsOutput(o)));

    // Amounts that are all zero are so whatever the axes that they are for. Operator sets that have them as an attribute are left.
    private static bool IsIdlePad(GraphNode node, ModelGraph graph) =>
        node.OpType == "Pad" && node.Input(1) is { } name && graph.Constant(name)?.ReadIntegers() is { Length: > 0 } amounts && amounts.All(a => a == 0);
}
