using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Slice takes a range of an axis. A range of channels with step 1 stays a range when channels go.</summary>
internal sealed class SliceRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Slice"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var axes = (IndexAxis?[])relations.Axes(node.Inputs[0]).Clone();
        var shape = relations.Shape(node.Inputs[0])!;
        if (SliceRanges.Read(node, relations.Graph, relations.Shapes, shape) is not { } ranges)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"the range of '{node.Name}' (Slice) is computed from the data");
            return;
        }

        foreach (var range in ranges)
        {
            if (axes[range.Axis] is not { } axis || range.IsWhole(shape[range.Axis]))
            {
                continue;
            }

            if (range.Step == 1 && (!relations.IsLive(axis) || range.IsConstant))
            {
                axes[range.Axis] = new IndexAxis(axis.Ids[range.Start..range.End]);
            }
            else
            {
                relations.Pin(axis, DiagnosticCodes.OperatorNotMapped, node, $"'{node.Name}' (Slice) takes a stepped or computed range of them");
                axes[range.Axis] = null;
            }
        }

        relations.Set(node.Outputs[0], axes);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var axes = shrinkage.Axes(node.Inputs[0]);
        var shape = shrinkage.Shapes.Of(node.Inputs[0]) ?? [.. axes.Select(a => a!.Length)];
        var ranges = SliceRanges.Read(node, shrinkage.Graph, shrinkage.Shapes, shape) ?? [];
        if (!ranges.Any(r => shrinkage.Shrinks(axes[r.Axis]) && !r.IsWhole(shape[r.Axis])))
        {
            return;
        }

        var starts = ranges.Select(r => shrinkage.Shrinks(axes[r.Axis]) ? shrinkage.Kept(axes[r.Axis]!, 0, r.Start) : r.RawStart);
        var ends = ranges.Select(r => shrinkage.Shrinks(axes[r.Axis]) ? shrinkage.Kept(axes[r.Axis]!, 0, r.End) : r.RawEnd);
        SliceRanges.Write(node, shrinkage.Graph, [.. starts], [.. ends]);
    }
}
