using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Branches;
using OnnxCompress.Models;

namespace OnnxCompress.Reconstruction;

/// <summary>What a layer in front of branches that went is fitted to, beyond its own output.</summary>
/// <param name="Sum">The sum that its output ends in, by its name in the original.</param>
/// <param name="Wanted">The last sum behind it whose branch went.</param>
/// <param name="Range">What an activation between them lets through; null where there is none.</param>
internal sealed record BranchAim(string Sum, string Wanted, ActivationRange? Range)
{
    /// <summary>What is to be added to the layer's output.</summary>
    /// <param name="sum">What the original had in the sum.</param>
    /// <param name="wanted">What it had behind the branch.</param>
    // Where nothing is let through, what was there already is as good as anything.
    public float Missing(float sum, float wanted) => (Range?.Aim(wanted, sum) ?? wanted) - sum;
}

/// <summary>
/// Where branches of residual sums go, the layer whose output went into the sum before can make some of what they added: it is fitted to
/// the sum behind them, less what lies beside it.
/// </summary>
internal static class BranchAims
{
    /// <summary>The sum that a layer's output ends in, through Adds that alone read what they are given; the output itself where there is none. Null where no tensor shows it.</summary>
    /// <param name="output">What the layer makes.</param>
    /// <param name="graph">Its graph.</param>
    public static string? SumOf(string output, ModelGraph graph)
    {
        var sum = output;
        while (LayerBias.AddBehind(sum, graph) is var (add, _))
        {
            sum = add.Outputs[0];
        }

        return LayerBias.SkipBehind(sum, graph) is null ? sum : ResidualBranch.SumOf(graph.Uses(sum)[0].Node);
    }

    /// <summary>What a layer of a network whose branches have gone is fitted to.</summary>
    /// <param name="output">What the layer makes.</param>
    /// <param name="original">The network with its branches.</param>
    /// <param name="compressed">The network without some.</param>
    /// <returns>Null where none went.</returns>
    public static BranchAim? Of(string output, ModelGraph original, ModelGraph compressed)
    {
        if (SumOf(output, compressed) is not { } sum || original.Producer(sum) is null)
        {
            return null;
        }

        var (wanted, at) = ((string?)null, sum);
        while (!compressed.IsOutput(at) && compressed.Uses(at) is [{ Index: 0, Node: var node }])
        {
            if (IsPassed(node, original))
            {
                wanted = node.Outputs[0];
            }
            else if (ActivationRange.Behind(compressed, at) is null)
            {
                break;
            }

            at = node.Outputs[0];
        }

        return wanted is null ? null : new BranchAim(sum, wanted, ActivationRange.Behind(compressed, sum));
    }

    /// <summary>Whether a node is what is left of a sum whose branch went.</summary>
    public static bool IsPassed(GraphNode node, ModelGraph original) =>
        node is { OpType: "Identity", Domain: "" } && original.Producer(node.Outputs[0]) is { OpType: not "Identity" };

    /// <summary>The layer that would be fitted if a branch went; null where there is none.</summary>
    /// <param name="branch">The branch.</param>
    /// <param name="graph">The network with it.</param>
    /// <param name="layers">By the sum that their outputs end in, its layers.</param>
    public static FitSite? InFront(ResidualBranch branch, ModelGraph graph, ILookup<string, FitSite> layers)
    {
        var at = branch.SkipTensor;
        if (graph.IsOutput(at) || !graph.Uses(at).All(u => u.Node == branch.Sum || branch.Nodes.Contains(u.Node) || IsNormalizing(u.Node, at, branch)))
        {
            return null;
        }

        while (graph.Producer(at) is { } producer && ActivationRange.Behind(graph, producer.Inputs[0]) is not null)
        {
            at = producer.Inputs[0];
        }

        return layers[at].LastOrDefault(s => s.Map.Groups == 1 && s.Sharers.Count == 0 && s.Turn is null);
    }

    /// <summary>The node that makes the tensor may show it normalised too, for the branch alone.</summary>
    private static bool IsNormalizing(GraphNode node, string tensor, ResidualBranch branch) => node.Outputs.Contains(tensor) && node != branch.Sum;
}
