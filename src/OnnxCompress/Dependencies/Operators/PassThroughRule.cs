using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Operators whose first output has the axes of the first input, and whose other inputs are settings.</summary>
internal sealed class PassThroughRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Identity", "Dropout", "Cast", "Clip"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        foreach (var output in node.Outputs)
        {
            relations.Set(output, relations.Axes(node.Inputs[0]));
        }
    }
}
