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

        foreach (var output in node.Outputs)
        {
            relations.Set(output, new IndexAxis?[relations.Shapes.Of(output)?.Length ?? 0]);
        }
    }
}
