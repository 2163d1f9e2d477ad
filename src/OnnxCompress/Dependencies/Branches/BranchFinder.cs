using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Branches;

/// <summary>
/// Finds branches of residual sums: of two activations of one shape that are added, one that depends on the other (<c>x + f(x)</c>), or
/// of two that both depend on the same (a shortcut with a projection) the one with more operations.
/// </summary>
/// <param name="relations">Axes, layers and shapes of the model.</param>
/// <param name="isSelected">Whether a node may be changed.</param>
internal sealed class BranchFinder(Relations relations, Func<string, bool> isSelected)
{
    private readonly ModelGraph _graph = relations.Graph;
    private readonly ILookup<string, LinearLayer> _layers = relations.Layers.ToLookup(l => l.Output, StringComparer.Ordinal);
    private readonly ILookup<string, long> _macs = relations.Macs.ToLookup(m => m.Node, m => m.Axes.Aggregate(m.Positions, (n, axis) => n * axis.Length), StringComparer.Ordinal);
    private readonly HashSet<string> _twice = relations.Graph.Nodes.CountBy(n => n.Name, StringComparer.Ordinal).Where(n => n.Value > 1).Select(n => n.Key).ToHashSet(StringComparer.Ordinal);
    private readonly Dictionary<GraphNode, int> _places = relations.Graph.Nodes.Index().ToDictionary(n => n.Item, n => n.Index);
    private readonly List<HeldBranch> _held = [];

    /// <summary>Branches that stay.</summary>
    public IReadOnlyList<HeldBranch> Held => _held;

    /// <summary>The branches, in the order of their sums.</summary>
    public IReadOnlyList<ResidualBranch> Find() => [.. _graph.Nodes.Select(Of).OfType<ResidualBranch>()];

    private ResidualBranch? Of(GraphNode sum)
    {
        var isAdd = sum is { OpType: "Add", Domain: "" };
        if ((!isAdd && !ResidualBranch.IsSkipNormalization(sum)) || sum.Inputs[0] == sum.Inputs[1] || !IsActivation(sum.Inputs[0]) || !IsActivation(sum.Inputs[1])
            || relations.Shape(sum.Inputs[0]) is not { } left || relations.Shape(sum.Inputs[1]) is not { } right || !left.AsSpan().SequenceEqual(right))
        {
            return null;
        }

        // The second operand is the branch more often than not.
        ResidualBranch?[] sides = [Side(sum, 0), Side(sum, 1)];
        foreach (var side in sides.OfType<ResidualBranch>())
        {
            if (Dependent(side.SkipTensor) is var dependent && side.Nodes.Any(dependent.Contains))
            {
                return Allowed(side, dependent);
            }
        }

        // Of two that depend on a third, as a shortcut with a projection.
        return sides is [{ } one, { } other] && Read(one).Overlaps(Read(other)) ? Allowed(Macs(one) > Macs(other) ? one : other, []) : null;
    }

    /// <summary>What nothing needs once a side of a sum is gone; null without a layer among it.</summary>
    private ResidualBranch? Side(GraphNode sum, int skip)
    {
        var gone = new HashSet<GraphNode>();
        var pending = new Stack<string>([sum.Inputs[1 - skip]]);
        while (pending.TryPop(out var tensor))
        {
            if (_graph.Producer(tensor) is { } producer && !gone.Contains(producer) && producer.Outputs.All(o => IsUnneeded(o, gone, sum, 1 - skip)))
            {
                gone.Add(producer);
                foreach (var input in producer.Inputs.Concat(producer.CapturedNames()))
                {
                    pending.Push(input);
                }
            }
        }

        GraphNode[] nodes = [.. gone.OrderBy(n => _places[n])];
        LinearLayer[] layers = [.. nodes.SelectMany(n => n.Outputs).SelectMany(o => _layers[o])];
        return layers.Length == 0 ? null : new ResidualBranch(sum, skip, nodes, layers) { Axis = new IndexAxis([]) };
    }

    private bool IsUnneeded(string tensor, HashSet<GraphNode> gone, GraphNode sum, int side) =>
        !_graph.IsOutput(tensor) && _graph.Uses(tensor).All(u => gone.Contains(u.Node) || (u.Node == sum && u.Index == side));

    private ResidualBranch? Allowed(ResidualBranch branch, HashSet<GraphNode> dependent)
    {
        if (branch.Layers.FirstOrDefault(l => !isSelected(l.Node.Name)) is { } unselected)
        {
            return Hold(branch, $"'{unselected.Node.Name}' is not selected by --include and --exclude");
        }

        if (_twice.Contains(branch.Sum.Name) || branch.Nodes.FirstOrDefault(n => _twice.Contains(n.Name)) is not null)
        {
            return Hold(branch, "nodes share a name, and a plan names what goes");
        }

        if (Between(branch, dependent) is { } layer)
        {
            return Hold(branch, $"'{layer.Node.Name}' in it is needed elsewhere too, as where keys and values are cached");
        }

        return branch with { Axis = relations.Elements.NewAxis(1), Readers = ReadersOf(branch) };
    }

    private ResidualBranch? Hold(ResidualBranch branch, string why)
    {
        _held.Add(new HeldBranch(branch.Sum.Name, why));
        return null;
    }

    /// <summary>A layer behind the skip and in front of what would go, that would run on: the branch would be gone in part only.</summary>
    private LinearLayer? Between(ResidualBranch branch, HashSet<GraphNode> dependent)
    {
        var seen = new HashSet<GraphNode>(branch.Nodes);
        var pending = new Stack<string>(Read(branch));
        while (pending.TryPop(out var tensor))
        {
            if (tensor != branch.SkipTensor && _graph.Producer(tensor) is { } producer && dependent.Contains(producer) && seen.Add(producer))
            {
                if (producer.Outputs.SelectMany(o => _layers[o]).FirstOrDefault() is { } layer)
                {
                    return layer;
                }

                foreach (var input in producer.Inputs.Concat(producer.CapturedNames()))
                {
                    pending.Push(input);
                }
            }
        }

        return null;
    }

    /// <summary>Nodes that depend on a tensor; what else its node makes counts as the tensor.</summary>
    private HashSet<GraphNode> Dependent(string tensor)
    {
        var dependent = new HashSet<GraphNode>();
        var pending = new Stack<string>(_graph.Producer(tensor)?.Outputs ?? [tensor]);
        while (pending.TryPop(out var next))
        {
            foreach (var node in _graph.Uses(next).Select(u => u.Node).Where(dependent.Add))
            {
                foreach (var output in node.Outputs)
                {
                    pending.Push(output);
                }
            }
        }

        return dependent;
    }

    /// <summary>What a branch reads of the rest.</summary>
    private HashSet<string> Read(ResidualBranch branch)
    {
        var nodes = branch.Nodes.ToHashSet();
        return branch.Nodes.SelectMany(n => n.Inputs.Concat(n.CapturedNames())).Where(i => IsActivation(i) && !(_graph.Producer(i) is { } made && nodes.Contains(made))).ToHashSet(StringComparer.Ordinal);
    }

    private long Macs(ResidualBranch branch) => branch.Nodes.Sum(n => _macs[n.Name].Sum());

    private LinearLayer[] ReadersOf(ResidualBranch branch)
    {
        var readers = new List<LinearLayer>();
        var seen = new HashSet<GraphNode>();
        var pending = new Stack<string>(branch.Sum.Outputs);
        while (pending.TryPop(out var tensor))
        {
            foreach (var node in _graph.Uses(tensor).Select(u => u.Node).Where(seen.Add))
            {
                LinearLayer[] layers = [.. node.Outputs.SelectMany(o => _layers[o])];
                readers.AddRange(layers);
                foreach (var output in layers.Length > 0 ? [] : node.Outputs)
                {
                    pending.Push(output);
                }
            }
        }

        return [.. readers.OrderBy(l => _places[l.Node])];
    }

    private bool IsActivation(string tensor) => tensor.Length > 0 && _graph.Constant(tensor) is null && (_graph.Producer(tensor) is not null || _graph.IsInput(tensor));
}
