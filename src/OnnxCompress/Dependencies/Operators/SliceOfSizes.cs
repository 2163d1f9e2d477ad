using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Which elements of a vector of sizes a Slice takes.</summary>
internal static class SliceOfSizes
{
    /// <summary>Their positions in order; null where bounds are computed.</summary>
    /// <param name="node">The Slice.</param>
    /// <param name="length">Length of the vector.</param>
    /// <param name="graph">Where constants are.</param>
    public static int[]? Of(GraphNode node, int length, ModelGraph graph)
    {
        (long[]? starts, long[]? ends) = node.Inputs.Count == 1 ? ([.. node.Ints("starts")], [.. node.Ints("ends")]) : (Read(node.Input(1), graph), Read(node.Input(2), graph));
        var step = node.Input(4) is null ? 1 : Read(node.Input(4), graph) is [var stated] ? stated : 0;
        if (starts is not [var start] || ends is not [var end] || step != 1)
        {
            return null;
        }

        var (from, to) = (At(start, length), At(end, length));
        return [.. Enumerable.Range(from, Math.Max(0, to - from))];
    }

    private static int At(long index, int length) => (int)Math.Clamp(index < 0 ? index + length : index, 0, length);

    private static long[]? Read(string? name, ModelGraph graph) =>
        name is not null && graph.Constant(name) is { Type: ElementType.Int64 or ElementType.Int32 } constant ? constant.ReadIntegers() : null;
}
