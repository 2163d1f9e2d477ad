using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Reads and writes the ranges of a Slice: attributes before opset 10, inputs since.</summary>
internal static class SliceRanges
{
    /// <summary>The ranges; null where they are computed from the data.</summary>
    /// <param name="node">The Slice.</param>
    /// <param name="graph">Where its constants are.</param>
    /// <param name="shapes">Values of integers that are computed from shapes.</param>
    /// <param name="shape">Of what is sliced.</param>
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
        var isConstant = isAttribute || node.Inputs.Skip(1).All(name => name.Length == 0 || graph.Constant(name) is not null);
        return [.. starts.Select((start, i) =>
        {
            var axis = axes is { Length: > 0 } ? (int)(axes[i] < 0 ? axes[i] + shape.Length : axes[i]) : i;
            var step = steps?[i] ?? 1;
            return new Range(axis, Clamp(start, shape[axis]), Math.Max(Clamp(start, shape[axis]), Clamp(ends[i], shape[axis])), step, start, ends[i], isConstant);
        })];
    }

    /// <summary>States other ranges of the same axes.</summary>
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

    /// <summary>The range of one axis.</summary>
    /// <param name="Axis">The axis, counted from the front.</param>
    /// <param name="Start">First index.</param>
    /// <param name="End">Behind the last index.</param>
    /// <param name="Step">Distance of indices.</param>
    /// <param name="RawStart">As the node states it.</param>
    /// <param name="RawEnd">As the node states it.</param>
    /// <param name="IsConstant">Whether it is the same for all data.</param>
    internal sealed record Range(int Axis, int Start, int End, long Step, long RawStart, long RawEnd, bool IsConstant)
    {
        /// <summary>Whether it takes all of an axis.</summary>
        public bool IsWhole(int size) => Step == 1 && Start == 0 && End == size;

        /// <summary>The indices that it takes of an axis, in their order.</summary>
        public IEnumerable<int> Indices(int size)
        {
            if (Step > 0)
            {
                return Enumerable.Range(Start, End - Start).Where(i => (i - Start) % Step == 0);
            }

            // Backwards the first is at most the last index, and the end lies before it.
            var first = Math.Min(RawStart < 0 ? RawStart + size : RawStart, size - 1);
            var before = Math.Max(RawEnd < 0 ? RawEnd + size : RawEnd, -1);
            return Enumerable.Range(0, size).Reverse().Where(i => i <= first && i > before && (first - i) % -Step == 0);
        }
    }
}
