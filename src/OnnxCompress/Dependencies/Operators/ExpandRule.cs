using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Expand repeats axes of size one; the others pass.</summary>
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

        if (relations.Graph.Constant(node.Inputs[1]) is null)
        {
            relations.Pin(axes, DiagnosticCodes.OperatorNotMapped, node.Name, $"the target of '{node.Name}' (Expand) is computed");
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

        var target = shrinkage.Graph.Constant(node.Inputs[1])!.ReadIntegers();
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
}
