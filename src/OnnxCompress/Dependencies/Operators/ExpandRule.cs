using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Expand repeats axes of size one; the others pass. What a computed target says of those need not be followed: one states them all,
/// as long as those that are repeated have the same sizes for all data (keys and values of heads that queries share).
/// </summary>
internal sealed class ExpandRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Expand"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var from = relations.Shape(node.Inputs[0])!;
        var to = relations.Shapes.Of(node.Outputs[0])!;
        var axes = new IndexAxis?[to.Length];
        for (var i = 0; i < from.Length; i++)
        {
            var axis = to.Length - from.Length + i;
            if (from[i] == to[axis])
            {
                axes[axis] = input[i];
            }
            else
            {
                relations.PinSingle(input[i], node);
            }
        }

        if (relations.Graph.Constant(node.Inputs[1]) is null && Stated(node, relations.Shapes) is null)
        {
            relations.Pin(axes, DiagnosticCodes.OperatorNotMapped, node.Name, $"the target of '{node.Name}' (Expand) is computed from the data");
        }

        relations.Set(node.Outputs[0], axes);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var axes = shrinkage.Axes(node.Outputs[0]);
        if (!axes.Any(shrinkage.Shrinks))
        {
            return;
        }

        var target = shrinkage.Graph.Constant(node.Inputs[1])?.ReadIntegers() ?? Stated(node, shrinkage.Shapes)!;
        for (var i = 0; i < target.Length; i++)
        {
            var axis = axes.Length - target.Length + i;
            if (target[i] > 1 && shrinkage.Shrinks(axes[axis]))
            {
                target[i] = shrinkage.Kept(axes[axis]!);
            }
        }

        node.Proto.Input[1] = shrinkage.Graph.AddIntegers($"{node.Name}/shape", target);
    }

    /// <summary>A target that says one of axes that pass; null where an axis that is repeated is dynamic.</summary>
    private static long[]? Stated(GraphNode node, TensorShapes shapes)
    {
        var (input, output) = (node.Inputs[0], node.Outputs[0]);
        if (shapes.Of(input) is not { } from || shapes.Of(output) is not { } to)
        {
            return null;
        }

        var target = new long[to.Length];
        for (var axis = 0; axis < to.Length; axis++)
        {
            var own = axis - to.Length + from.Length;
            // With one sample an axis that is repeated for each looks like one that passes.
            var passes = own >= 0 && from[own] == to[axis] && shapes.IsDynamic(input, own) == shapes.IsDynamic(output, axis);
            if (!passes && shapes.IsDynamic(output, axis))
            {
                return null;
            }

            target[axis] = passes ? 1 : to[axis];
        }

        return target;
    }
}
