using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Reductions: the reduced axes are held, since every index enters the result; the others pass.</summary>
internal sealed class ReductionRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } =
    [
        "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSum",
        "ReduceLogSumExp", "ReduceSumSquare", "ArgMax", "ArgMin",
    ];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var reduced = ReducedAxes(node, relations, input.Length);
        if (reduced is null)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"the axes that '{node.Name}' ({node.OpType}) reduces are computed");
            return;
        }

        if (!relations.Passing.Contains(node.Name))
        {
            relations.Pin(input.Where((_, i) => reduced.Contains(i)), DiagnosticCodes.NormalizedAxis, node.Name, Sentence(node, relations));
        }

        // The runtime takes 1, and nothing else, for yes.
        var keep = node.Int("keepdims", 1) == 1;
        relations.Set(node.Outputs[0], [.. input.Select((axis, i) => (axis, isReduced: reduced.Contains(i)))
            .Where(p => keep || !p.isReduced)
            .Select(p => p.isReduced ? null : p.axis)]);
    }

    /// <summary>A mean that is taken from what it was made of, and a mean of squares, are parts of a layer normalisation.</summary>
    private static string Sentence(GraphNode node, Relations relations)
    {
        bool IsCentred(GraphNode mean) => mean.OpType == "ReduceMean" && relations.Graph.Uses(mean.Outputs[0]).Any(u => u is { Node.OpType: "Sub", Index: 1 } && u.Node.Inputs[0] == mean.Inputs[0]);
        var made = relations.Graph.Producer(node.Inputs[0]);
        var isSquare = made is { OpType: "Pow" } || (made is { OpType: "Mul" } && made.Inputs[0] == made.Inputs[1]);
        var centred = isSquare ? relations.Graph.Producer(made!.Inputs[0]) : null;
        var isVariance = centred is { OpType: "Sub" } && relations.Graph.Producer(centred.Inputs[1]) is { } before && IsCentred(before);
        return IsCentred(node) || (node.OpType == "ReduceMean" && isVariance)
            ? $"a layer normalisation reads all of them ('{node.Name}', {node.OpType}, is part of it)"
            : $"'{node.Name}' ({node.OpType}) sums over them";
    }

    /// <summary>The axes that a node reduces; null where they are computed.</summary>
    public static HashSet<int>? ReducedAxes(GraphNode node, Relations relations, int rank)
    {
        IEnumerable<long> axes;
        if (node.OpType is "ArgMax" or "ArgMin")
        {
            axes = [node.Int("axis", 0)];
        }
        else if (node.Input(1) is { } name)
        {
            var values = relations.Graph.Constant(name)?.ReadIntegers() ?? relations.Shapes.Integers(name);
            if (values is null)
            {
                return null;
            }

            axes = values;
        }
        else
        {
            axes = node.Ints("axes");
        }

        var listed = axes.Select(a => (int)(a < 0 ? a + rank : a)).ToHashSet();
        return listed.Count > 0 || node.Int("noop_with_empty_axes", 0) != 0 ? listed : [.. Enumerable.Range(0, rank)];
    }
}
