using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Operators that read shapes, not values: their result follows the new shape by itself.</summary>
internal sealed class ShapeRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Shape", "Size", "Constant", "ConstantOfShape", "Range"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        if (node.OpType == "Constant")
        {
            return;
        }

        if (node.OpType is "Shape" or "Size")
        {
            PinSizesThatBecomeValues(node, relations);
        }

        foreach (var output in node.Outputs)
        {
            relations.Set(output, new IndexAxis?[relations.Shapes.Of(output)?.Length ?? 0]);
        }
    }

    private static void PinSizesThatBecomeValues(GraphNode node, Relations relations)
    {
        var axes = relations.Axes(node.Inputs[0]);
        var start = (int)node.Int("start", 0);
        start = Math.Clamp(start < 0 ? start + axes.Length : start, 0, axes.Length);
        for (var axis = 0; axis < axes.Length; axis++)
        {
            var element = axis - start;
            var arithmetic = new ShapeArithmetic(relations.Graph);
            if (relations.IsLive(axes[axis]) && arithmetic.BecomesValue(node.Outputs[0], axes.Length - start, e => node.OpType == "Size" || e == element))
            {
                relations.Pin(axes[axis], DiagnosticCodes.OperatorNotMapped, node, $"'{node.Name}' ({node.OpType}) counts them, and a computation uses the count as a number");
            }
        }
    }
}
