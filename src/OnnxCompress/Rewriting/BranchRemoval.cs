using OnnxCompress.Allocation;
using OnnxCompress.Dependencies.Branches;
using OnnxCompress.Models;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Takes residual branches out. Each sum keeps its name and is what lies beside the branch, by an Identity that <see cref="Tidy"/> takes out
/// once nothing asks for tensors by name any more.
/// </summary>
internal static class BranchRemoval
{
    /// <summary>Behind the name of the sum, what its Identity is called.</summary>
    private const string Suffix = "/passed";

    /// <summary>Removes the branches of a plan.</summary>
    /// <param name="graph">Edited in place.</param>
    /// <param name="plan">The plan.</param>
    public static void CarryOut(ModelGraph graph, PlacedPlan plan)
    {
        ResidualBranch[] branches = [.. plan.Channels.Where(c => c.Site.Kept.Count == 0).Select(c => c.Group.Branch).OfType<ResidualBranch>()];
        if (branches.Length == 0)
        {
            return;
        }

        foreach (var branch in branches)
        {
            var name = branch.Sum.Outputs.First(o => o.Length > 0);
            // One branch may have been part of another.
            if (graph.Producer(name) is { } sum)
            {
                Pass(graph, sum, branch.Skip);
            }
        }

        graph.Index();
        graph.RemoveDeadNodes();
        graph.RemoveUnusedConstants();
    }

    /// <summary>Takes out the nodes that only pass a sum on, but for outputs of the model.</summary>
    /// <param name="model">Not changed.</param>
    /// <returns>The model without them; itself where there are none.</returns>
    public static OnnxModel Tidy(OnnxModel model)
    {
        if (!model.Graph.Nodes.Any(n => IsPassing(n, model.Graph)))
        {
            return model;
        }

        var tidied = model.Clone();
        var graph = tidied.Graph;
        while (graph.Nodes.FirstOrDefault(n => IsPassing(n, graph)) is { } node)
        {
            graph.ReplaceUses(node.Outputs[0], node.Inputs[0]);
            graph.Remove(node);
            graph.Index();
        }

        return tidied;
    }

    private static bool IsPassing(GraphNode node, ModelGraph graph) =>
        node is { OpType: "Identity", Domain: "" } && node.Name.EndsWith(Suffix, StringComparison.Ordinal)
        && !graph.IsOutput(node.Outputs[0]) && graph.Uses(node.Outputs[0]).All(u => u.Index != TensorUse.Captured);

    private static void Pass(ModelGraph graph, GraphNode sum, int skip)
    {
        var beside = sum.Inputs[skip];
        graph.Remove(sum);
        if (ResidualBranch.IsSkipNormalization(sum))
        {
            var isSimplified = sum.OpType == "SkipSimplifiedLayerNormalization";
            string[] parameters = [.. new[] { sum.Input(2), isSimplified ? null : sum.Input(3) }.OfType<string>()];
            graph.InsertNode(sum, isSimplified ? "SimplifiedLayerNormalization" : "LayerNormalization", sum.Name, [beside, .. parameters], [sum.Outputs[0]]).CopyAttributes(sum);
        }

        if (ResidualBranch.SumOf(sum) is { } shown)
        {
            graph.InsertNode(sum, "Identity", graph.UniqueName($"{sum.Name}{Suffix}"), [beside], [shown]);
        }
    }
}
