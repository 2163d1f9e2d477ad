using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Resize and Upsample interpolate over image axes; axes whose size they do not change pass.</summary>
internal sealed class ResizeRule : OperatorRule
{
    /// <summary>Where Resize states sizes (since opset 11).</summary>
    public const int SizesInput = 3;

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Resize", "Upsample"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var from = relations.Shape(node.Inputs[0])!;
        var to = relations.Shapes.Of(node.Outputs[0])!;
        var isComputed = node.Input(SizesInput) is { } sizes && relations.Graph.Constant(sizes) is null;
        var axes = new IndexAxis?[to.Length];
        for (var i = 0; i < to.Length; i++)
        {
            if (i < 2 && from[i] == to[i] && (!isComputed || Follows(node, i, input[i], relations)))
            {
                axes[i] = input[i];
            }
            else
            {
                relations.Pin(input[i], DiagnosticCodes.AxisNotChannels, node, $"'{node.Name}' ({node.OpType}) resizes them, or computes their size");
            }
        }

        relations.Set(node.Outputs[0], axes);
    }

    /// <summary>Whether the size that is computed for an axis is that of an axis with the same indices: then it follows what goes.</summary>
    private static bool Follows(GraphNode node, int axis, IndexAxis? indices, Relations relations)
    {
        if (node.Has("axes") || SizeSource.Of(node.Inputs[SizesInput], axis, relations) is not var (tensor, at))
        {
            return false;
        }

        var source = relations.Axes(tensor) is var axes && at < axes.Length ? axes[at] : null;
        return indices is null ? source is null
            : source is not null && source.Length == indices.Length && source.Ids.Zip(indices.Ids).All(p => relations.Elements.Root(p.First) == relations.Elements.Root(p.Second));
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var axis = shrinkage.Axes(node.Outputs[0])[1];
        if (node.Input(SizesInput) is not { } sizes || !shrinkage.Shrinks(axis))
        {
            return;
        }

        if (shrinkage.Graph.Constant(sizes) is not { } stated)
        {
            // It is computed from the shape of what has shrunk.
            return;
        }

        var target = stated.ReadIntegers();
        if (!node.Has("axes"))
        {
            target[1] = shrinkage.Kept(axis!);
            node.Proto.Input[SizesInput] = shrinkage.Graph.AddIntegers($"{node.Name}/sizes", target);
        }
    }
}
