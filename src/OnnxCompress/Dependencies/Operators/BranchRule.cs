using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>An If node whose only branch that the model can go on from lies in the graph: it hands on what that branch makes.</summary>
internal static class BranchRule
{
    /// <summary>Relates the axes of the node.</summary>
    /// <returns>False where shapes are not known; then nothing was related.</returns>
    public static bool Relates(GraphNode node, LiftedBranch branch, Relations relations)
    {
        var handed = node.Outputs.Zip(branch.Results(node)).Where(pair => pair.First.Length > 0).ToArray();
        if (handed.Any(pair => relations.Shapes.Of(pair.First) is not { } shape || relations.Axes(pair.Second).Length != shape.Length))
        {
            return false;
        }

        relations.Pin(relations.Axes(node.Inputs[0]), DiagnosticCodes.EntersSubgraph, node.Name, $"they decide which branch '{node.Name}' takes");
        foreach (var (output, result) in handed)
        {
            relations.Set(output, relations.Axes(result));
        }

        return true;
    }
}
