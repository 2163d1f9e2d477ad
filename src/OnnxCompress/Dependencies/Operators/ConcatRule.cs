using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Concat lays the indices of one axis behind each other and unifies the other axes.</summary>
internal sealed class ConcatRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Concat"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var operands = node.Inputs.Select(relations.Axes).ToArray();
        var axis = (int)node.Int("axis", 1);
        axis = axis < 0 ? axis + operands[0].Length : axis;
        var axes = new IndexAxis?[operands[0].Length];
        for (var i = 0; i < axes.Length; i++)
        {
            axes[i] = i == axis ? Join(node, relations, operands, axis) : UnifyAll(node, relations, operands, i);
        }

        relations.Set(node.Outputs[0], axes);
    }

    private static IndexAxis? UnifyAll(GraphNode node, Relations relations, IndexAxis?[][] operands, int axis) =>
        operands.All(o => o[axis] is null) ? null : operands.Select(o => o[axis]).Aggregate((a, b) => relations.Unify(a, b, node));

    private static IndexAxis? Join(GraphNode node, Relations relations, IndexAxis?[][] operands, int axis)
    {
        if (operands.All(o => o[axis] is null))
        {
            return null;
        }

        var ids = new List<int>();
        for (var i = 0; i < operands.Length; i++)
        {
            var part = operands[i][axis];
            if (part is null)
            {
                // Indices that come from the model's input stay; the others may still go.
                part = relations.Elements.NewAxis(relations.Shape(node.Inputs[i])![axis]);
                relations.Pin(part, DiagnosticCodes.TiedToInput, node, $"'{node.Name}' (Concat) takes them from the model's input");
            }

            ids.AddRange(part.Ids);
        }

        return new IndexAxis([.. ids]);
    }
}
