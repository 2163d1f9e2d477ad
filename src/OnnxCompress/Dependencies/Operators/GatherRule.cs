using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Gather looks rows up. The gathered axis is held (its indices are data, as in an embedding table); the axes of the
/// index tensor take its place, and the others pass: the columns of an embedding table are channels it makes.
/// </summary>
internal sealed class GatherRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Gather"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var data = relations.Axes(node.Inputs[0]);
        var indices = relations.Shape(node.Inputs[1])!;
        var axis = (int)node.Int("axis", 0);
        axis = axis < 0 ? axis + data.Length : axis;
        relations.Pin(data[axis], DiagnosticCodes.AxisNotChannels, node, $"'{node.Name}' (Gather) looks them up by index");
        relations.Set(node.Outputs[0], [.. data[..axis], .. new IndexAxis?[indices.Length], .. data[(axis + 1)..]]);
    }
}
