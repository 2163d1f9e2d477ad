using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Operators that act on each element, with broadcasting: index i of every operand that has the axis is index i
/// of the result.</summary>
internal sealed class ElementwiseRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } =
        [.. ElementwiseOperators.Names, "com.microsoft.BiasGelu", "com.microsoft.FastGelu", "com.microsoft.Gelu", "com.microsoft.QuickGelu"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var output = relations.Shapes.Of(node.Outputs[0])!;
        var axes = new IndexAxis?[output.Length];
        var isSet = new bool[output.Length];
        foreach (var input in node.Inputs.Where(i => i.Length > 0))
        {
            var shape = relations.Shape(input)!;
            var operand = relations.Axes(input);
            for (var i = 0; i < shape.Length; i++)
            {
                var axis = output.Length - shape.Length + i;
                if (shape[i] != output[axis] || (shape[i] == 1 && relations.Graph.Constant(input) is not null))
                {
                    relations.PinSingle(operand[i], node);
                    continue;
                }

                axes[axis] = isSet[axis] ? relations.Unify(axes[axis], operand[i], node) : operand[i];
                isSet[axis] = true;
            }
        }

        relations.Set(node.Outputs[0], axes);
    }
}
