using OnnxCompress.Dependencies.Operators;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Streams;

/// <summary>Finds normalisations over the last axis, in one node or in pieces as exporters write them.</summary>
/// <param name="relations">The graph, and the axes of its tensors.</param>
internal sealed class NormalisationFinder(Relations relations)
{
    private readonly ModelGraph _graph = relations.Graph;

    /// <summary>All of them, in the order of the graph.</summary>
    public IReadOnlyList<Normalisation> Find() => [.. _graph.Nodes.Select(Of).OfType<Normalisation>()];

    private Normalisation? Of(GraphNode node) => (node.Domain, node.OpType) switch
    {
        ("", "LayerNormalization") => Fused(node, isCentred: true),
        ("", "RMSNormalization" or "SimplifiedLayerNormalization") => Fused(node, isCentred: false),
        ("com.microsoft", "SkipLayerNormalization") => Skip(node, isCentred: true),
        ("com.microsoft", "SkipSimplifiedLayerNormalization") => Skip(node, isCentred: false),
        ("", "Div" or "Mul") => Pieces(node),
        _ => null,
    };

    private Normalisation? Fused(GraphNode node, bool isCentred)
    {
        var rank = relations.Shape(node.Inputs[0])?.Length ?? 0;
        var axis = (int)node.Int("axis", -1);
        if (rank == 0 || (axis != -1 && axis != rank - 1) || node.Outputs.Skip(1).Any(o => o.Length > 0) || !IsVector(node.Input(1)) || (node.Input(2) is { } shift && !IsVector(shift)))
        {
            return null;
        }

        return new Normalisation
        {
            Name = node.Name, IsCentred = isCentred, Inputs = [node.Inputs[0]], Output = node.Outputs[0], Scale = node.Input(1), Shift = node.Input(2), Nodes = new HashSet<string> { node.Name },
        };
    }

    private Normalisation? Skip(GraphNode node, bool isCentred)
    {
        const int SumOutput = 3;
        var shift = isCentred ? node.Input(3) : null;
        if (!IsVector(node.Input(2)) || (shift is not null && !IsVector(shift)) || node.Outputs.Skip(1).Take(2).Any(o => o.Length > 0))
        {
            return null;
        }

        return new Normalisation
        {
            Name = node.Name, IsCentred = isCentred, Inputs = [node.Inputs[0], node.Inputs[1]], Output = node.Outputs[0], Sum = node.Outputs.Count > SumOutput && node.Outputs[SumOutput].Length > 0 ? node.Outputs[SumOutput] : null,
            Scale = node.Input(2), Shift = shift, Nodes = new HashSet<string> { node.Name },
        };
    }

    /// <summary>x / sqrt(mean(x^2) + eps), x centred before or not, and what scales and shifts it.</summary>
    private Normalisation? Pieces(GraphNode node)
    {
        var nodes = new List<GraphNode> { node };
        if (Root(node, nodes) is not var (over, root) || root.Inputs.Count != 1 || Made(root.Inputs[0], "Add", nodes) is not { } add)
        {
            return null;
        }

        var index = _graph.Constant(add.Inputs[0]) is null ? 1 : 0;
        if (_graph.Constant(add.Inputs[index]) is not { Count: 1, Type: ElementType.Float } || Made(add.Inputs[1 - index], "ReduceMean", nodes) is not { } mean || !IsOverLast(mean)
            || Squared(mean.Inputs[0], nodes) is not { } squared)
        {
            return null;
        }

        var input = Centred(squared, nodes);
        if (over != squared && (input is null || Centred(over, nodes) != input))
        {
            return null;
        }

        var last = Scaled(node, nodes, out var scale, out var shift);
        return new Normalisation
        {
            Name = last.Name, IsCentred = input is not null, Inputs = [input ?? squared], Output = last.Outputs[0], Scale = scale, Shift = shift, Nodes = nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal), EpsilonAdd = add.Name,
        };
    }

    /// <summary>What a node divides by a root, and that root: by Div, or by Mul with the reciprocal.</summary>
    private (string Over, GraphNode Root)? Root(GraphNode node, List<GraphNode> nodes)
    {
        if (node.OpType == "Div")
        {
            return Made(node.Inputs[1], "Sqrt", nodes) is { } root ? (node.Inputs[0], root) : null;
        }

        for (var i = 0; i < node.Inputs.Count; i++)
        {
            var reciprocal = _graph.Producer(node.Inputs[i]);
            var under = reciprocal is { Domain: "", OpType: "Reciprocal" } ? reciprocal.Inputs[0]
                : reciprocal is { Domain: "", OpType: "Div" } && _graph.Constant(reciprocal.Inputs[0]) is { Count: 1, Type: ElementType.Float } one && one.ReadFloats()[0] == 1 ? reciprocal.Inputs[1]
                : null;
            if (under is not null && Made(under, "Sqrt", nodes) is { } root)
            {
                nodes.Add(reciprocal!);
                return (node.Inputs[1 - i], root);
            }
        }

        return null;
    }

    private string? Squared(string tensor, List<GraphNode> nodes)
    {
        if (_graph.Producer(tensor) is not { Domain: "" } node
            || !(node.OpType == "Mul" ? node.Inputs[0] == node.Inputs[1] : node.OpType == "Pow" && _graph.Constant(node.Inputs[1]) is { Count: 1 } two && (two.Type == ElementType.Float ? two.ReadFloats()[0] == 2 : two.Type is ElementType.Int32 or ElementType.Int64 && two.ReadIntegers()[0] == 2)))
        {
            return null;
        }

        nodes.Add(node);
        return node.Inputs[0];
    }

    /// <summary>What a tensor is without its mean; null where it is something else.</summary>
    private string? Centred(string tensor, List<GraphNode> nodes)
    {
        if (_graph.Producer(tensor) is not { Domain: "", OpType: "Sub" } sub || _graph.Producer(sub.Inputs[1]) is not { Domain: "", OpType: "ReduceMean" } mean || mean.Inputs[0] != sub.Inputs[0] || !IsOverLast(mean))
        {
            return null;
        }

        nodes.AddRange([sub, mean]);
        return sub.Inputs[0];
    }

    private GraphNode Scaled(GraphNode node, List<GraphNode> nodes, out string? scale, out string? shift)
    {
        (scale, shift) = (null, null);
        if (Next(node, "Mul") is var (multiplied, by))
        {
            nodes.Add(node = multiplied);
            scale = by;
        }

        if (Next(node, "Add") is var (added, what))
        {
            nodes.Add(node = added);
            shift = what;
        }

        return node;
    }

    /// <summary>The only reader of a node's output, where it puts a constant over channels to it.</summary>
    private (GraphNode Node, string Constant)? Next(GraphNode node, string opType) =>
        !_graph.IsOutput(node.Outputs[0]) && _graph.Uses(node.Outputs[0]) is [{ Index: >= 0 and var index, Node: { Domain: "" } next }] && next.OpType == opType && IsVector(next.Inputs[1 - index])
            ? (next, next.Inputs[1 - index])
            : null;

    private GraphNode? Made(string tensor, string opType, List<GraphNode> nodes)
    {
        if (_graph.Producer(tensor) is not { Domain: "" } node || node.OpType != opType)
        {
            return null;
        }

        nodes.Add(node);
        return node;
    }

    private bool IsVector(string? constant) => constant is not null && _graph.Constant(constant) is { Type: ElementType.Float } values && values.Dims.Count > 0 && values.Dims[^1] == values.Count && values.Count > 1;

    private bool IsOverLast(GraphNode mean) =>
        relations.Shape(mean.Inputs[0]) is { } shape && mean.Int("keepdims", 1) == 1 && ReductionRule.ReducedAxes(mean, relations, shape.Length) is { Count: 1 } axes && axes.Contains(shape.Length - 1);
}
