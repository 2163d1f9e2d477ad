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
        if (Ranges.Read(node, relations.Graph, relations.Shapes, shape) is not { } ranges)
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
        var ranges = Ranges.Read(node, shrinkage.Graph, shrinkage.Shapes, shape) ?? [];
        if (!ranges.Any(r => shrinkage.Shrinks(axes[r.Axis]) && !r.IsWhole(shape[r.Axis])))
        {
            return;
        }

        var starts = ranges.Select(r => shrinkage.Shrinks(axes[r.Axis]) ? shrinkage.Kept(axes[r.Axis]!, 0, r.Start) : r.RawStart);
        var ends = ranges.Select(r => shrinkage.Shrinks(axes[r.Axis]) ? shrinkage.Kept(axes[r.Axis]!, 0, r.End) : r.RawEnd);
        Ranges.Write(node, shrinkage.Graph, [.. starts], [.. ends]);
    }

    /// <summary>The range of one axis.</summary>
    private sealed record Range(int Axis, int Start, int End, long Step, long RawStart, long RawEnd, bool IsConstant)
    {
        public bool IsWhole(int size) => Step == 1 && Start == 0 && End == size;
    }

    /// <summary>Reads and writes the ranges of a Slice: attributes before opset 10, inputs since.</summary>
    private static class Ranges
    {
        public static Range[]? Read(GraphNode node, ModelGraph graph, TensorShapes shapes, int[] shape)
        {
            var isAttribute = node.Has("starts");
            var starts = isAttribute ? [.. node.Ints("starts")] : Integers(node.Input(1), graph, shapes);
            var ends = isAttribute ? [.. node.Ints("ends")] : Integers(node.Input(2), graph, shapes);
            if (starts is null || ends is null)
            {
                return null;
            }

            var axes = isAttribute ? [.. node.Ints("axes")] : Integers(node.Input(3), graph, shapes);
            var steps = isAttribute ? null : Integers(node.Input(4), graph, shapes);
            var isConstant = isAttribute || (graph.Constant(node.Inputs[1]) is not null && graph.Constant(node.Inputs[2]) is not null);
            return [.. starts.Select((start, i) =>
            {
                var axis = axes is { Length: > 0 } ? (int)(axes[i] < 0 ? axes[i] + shape.Length : axes[i]) : i;
                var step = steps?[i] ?? 1;
                return new Range(axis, Clamp(start, shape[axis]), Math.Max(Clamp(start, shape[axis]), Clamp(ends[i], shape[axis])), step, start, ends[i], isConstant);
            })];
        }

        public static void Write(GraphNode node, ModelGraph graph, long[] starts, long[] ends)
        {
            if (node.Has("starts"))
            {
                node.SetInts("starts", starts);
                node.SetInts("ends", ends);
            }
            else
            {
                // All index inputs of a Slice are of one type.
                var type = graph.Constant(node.Inputs[1])!.Type;
                node.Proto.Input[1] = graph.AddIntegers($"{node.Name}/starts", type, starts);
                node.Proto.Input[2] = graph.AddIntegers($"{node.Name}/ends", type, ends);
            }
        }

        private static int Clamp(long index, int size) => (int)Math.Clamp(index < 0 ? index + size : index, 0, size);

        private static long[]? Integers(string? name, ModelGraph graph, TensorShapes shapes) =>
            name is null ? null : graph.Constant(name)?.ReadIntegers() ?? shapes.Integers(name);
    }
}
