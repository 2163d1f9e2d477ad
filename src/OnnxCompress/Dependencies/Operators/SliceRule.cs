using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Slice takes a range of an axis. A range of channels with step 1 stays a range when channels go; every second channel, or
/// channels in the other order, become a Gather of those that stay.
/// </summary>
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

            if ((range.Step == 1 || ranges.Length == 1) && (!relations.IsLive(axis) || range.IsConstant))
            {
                axes[range.Axis] = new IndexAxis([.. range.Indices(axis.Length).Select(i => axis.Ids[i])]);
            }
            else
            {
                relations.Pin(axis, DiagnosticCodes.OperatorNotMapped, node, $"'{node.Name}' (Slice) takes a range of them that is computed, or stepped beside another");
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

        if (ranges is [{ Step: not 1 } stepped])
        {
            Gather(node, stepped, axes[stepped.Axis]!, shrinkage);
            return;
        }

        var starts = ranges.Select(r => shrinkage.Shrinks(axes[r.Axis]) ? shrinkage.Kept(axes[r.Axis]!, 0, r.Start) : r.RawStart);
        var ends = ranges.Select(r => shrinkage.Shrinks(axes[r.Axis]) ? shrinkage.Kept(axes[r.Axis]!, 0, r.End) : r.RawEnd);
        SliceRanges.Write(node, shrinkage.Graph, [.. starts], [.. ends]);
    }

    /// <summary>What stays of a stepped range is no longer evenly spaced.</summary>
    private static void Gather(GraphNode node, SliceRanges.Range range, IndexAxis axis, Shrinkage shrinkage)
    {
        long[] indices = [.. range.Indices(axis.Length).Where(i => shrinkage.IsKept(axis.Ids[i])).Select(i => (long)shrinkage.Kept(axis, 0, i))];
        var data = node.Inputs[0];
        node.Proto.OpType = "Gather";
        node.Proto.Input.Clear();
        node.Proto.Input.Add([data, shrinkage.Graph.AddIntegers($"{node.Name}/kept", indices)]);
        node.SetInt("axis", range.Axis);
    }
}
