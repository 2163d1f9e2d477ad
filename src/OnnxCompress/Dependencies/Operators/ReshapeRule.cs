using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Reshape, Flatten, Squeeze and Unsqueeze. Sizes are matched from the left into segments with equal products; inside a
/// segment axes are merged (a channel becomes a block of indices) and split again (indices of the axis that stays the
/// channel axis are tied over the other one, so that every group keeps the same share). An axis that is split into heads and
/// positions in them loses whole heads and positions of all heads, each a channel of its own, and so does one that is merged
/// from two.
/// </summary>
internal sealed class ReshapeRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Reshape", "Flatten", "Squeeze", "Unsqueeze"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var from = relations.Shape(node.Inputs[0])!;
        var to = relations.Shapes.Of(node.Outputs[0])!;
        if (from.Contains(0))
        {
            relations.Opaque(node, DiagnosticCodes.ShapeUnknown, $"'{node.Name}' ({node.OpType}) reshapes an empty tensor");
            return;
        }

        if (node.OpType == "Reshape" && !ReshapeTarget.CanBeStated(node, relations.Graph, relations.Shapes))
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"the target of '{node.Name}' (Reshape) depends on several dynamic sizes");
            return;
        }

        foreach (var single in input.Where((_, i) => from[i] == 1))
        {
            relations.PinSingle(single, node);
        }

        var output = new IndexAxis?[to.Length];
        foreach (var (sources, targets) in Segments(from, to))
        {
            foreach (var (target, axis) in Relate(node, relations, input, from, sources, to, targets))
            {
                output[target] = axis;
            }
        }

        relations.Set(node.Outputs[0], output);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (node.OpType == "Reshape" && shrinkage.Axes(node.Outputs[0]).Any(shrinkage.Shrinks))
        {
            ReshapeTarget.Restate(node, shrinkage);
        }
    }

    /// <summary>Splits two shapes with equal products into the shortest runs with equal products; ones are left out.</summary>
    private static List<(int[] Sources, int[] Targets)> Segments(int[] from, int[] to)
    {
        var sources = Enumerable.Range(0, from.Length).Where(i => from[i] != 1).ToArray();
        var targets = Enumerable.Range(0, to.Length).Where(i => to[i] != 1).ToArray();
        var segments = new List<(int[], int[])>();
        for (int s = 0, t = 0; s < sources.Length && t < targets.Length;)
        {
            var (firstSource, firstTarget) = (s, t);
            long left = from[sources[s++]], right = to[targets[t++]];
            while (left != right)
            {
                if (left < right)
                {
                    left *= from[sources[s++]];
                }
                else
                {
                    right *= to[targets[t++]];
                }
            }

            segments.Add((sources[firstSource..s], targets[firstTarget..t]));
        }

        return segments;
    }

    /// <summary>What target axes stand for; those that cannot shrink are left out.</summary>
    private static (int Target, IndexAxis? Axis)[] Relate(
        GraphNode node, Relations relations, IndexAxis?[] input, int[] from, int[] sources, int[] to, int[] targets)
    {
        if (sources.Length == 1 && targets.Length == 1)
        {
            return [(targets[0], input[sources[0]])];
        }

        var live = sources.Where(s => relations.IsLive(input[s])).ToArray();
        if (live is [var row, var column] && targets.Length == 1 && !IsCrossed(relations, input[row]!) && !IsCrossed(relations, input[column]!))
        {
            return [(targets[0], new IndexAxis(MergeBoth(relations, input, from, sources, row, column)))];
        }

        if (live.Length != 1)
        {
            relations.Pin(live.Select(s => input[s]), DiagnosticCodes.AxesMerged, node.Name, $"'{node.Name}' ({node.OpType}) merges two axes that could both shrink");
            return [];
        }

        var merged = Merge(input[live[0]]!, from, sources, live[0]);
        return IsSplitIntoHeads(node, relations, merged, to, targets)
            ? SplitIntoHeads(relations, merged, to, targets)
            : [(ChannelAxis(node, relations, merged, to, targets), Split(node, relations, merged, to, targets))];
    }

    private static bool IsCrossed(Relations relations, IndexAxis axis) => axis.Ids.Any(id => relations.Elements.CrossingOf(id) is not null);

    /// <summary>Two axes side by side become one, each index of which lies in a row and a column.</summary>
    private static int[] MergeBoth(Relations relations, IndexAxis?[] input, int[] from, int[] sources, int row, int column)
    {
        var (rows, columns) = (input[row]!, input[column]!);
        var (rowOf, columnOf) = (Merge(new IndexAxis([.. Enumerable.Range(0, rows.Length)]), from, sources, row), Merge(new IndexAxis([.. Enumerable.Range(0, columns.Length)]), from, sources, column));
        var crossed = relations.Elements.NewAxis(checked(rows.Length * columns.Length));
        for (var i = 0; i < crossed.Length; i++)
        {
            relations.Elements.Cross(crossed.Ids[i], rows.Ids[i / columns.Length], columns.Ids[i % columns.Length]);
        }

        return [.. rowOf.Zip(columnOf, (r, c) => crossed.Ids[(r * columns.Length) + c])];
    }

    /// <summary>Whether the last axis is split in two, neither of which channels run along already, or are convolved along.</summary>
    private static bool IsSplitIntoHeads(GraphNode node, Relations relations, int[] merged, int[] to, int[] targets) =>
        targets.Length == 2 && targets[1] == to.Length - 1 && targets[0] == to.Length - 2 && !relations.Shapes.IsDynamic(node.Outputs[0], targets[0])
        && !Array.Exists(targets, axis => RunsAlong(relations, merged, to, targets, axis)) && !(targets[0] == 1 && ReachesConvolution(node, relations));

    /// <summary>Each index lies in a head and at a position: heads are channels, and positions are.</summary>
    private static (int Target, IndexAxis? Axis)[] SplitIntoHeads(Relations relations, int[] merged, int[] to, int[] targets)
    {
        var (heads, positions) = (relations.Elements.NewAxis(to[targets[0]]), relations.Elements.NewAxis(to[targets[1]]));
        for (var i = 0; i < merged.Length; i++)
        {
            relations.Elements.Cross(merged[i], heads.Ids[i / positions.Length], positions.Ids[i % positions.Length]);
        }

        return [(targets[0], heads), (targets[1], positions)];
    }

    /// <summary>The element of each index of the merged axis.</summary>
    private static int[] Merge(IndexAxis axis, int[] from, int[] sources, int live)
    {
        var inner = sources.Where(s => s > live).Aggregate(1, (product, s) => product * from[s]);
        var all = sources.Aggregate(1, (product, s) => product * from[s]);
        var merged = new int[all];
        for (var i = 0; i < all; i++)
        {
            merged[i] = axis.Ids[i / inner % axis.Length];
        }

        return merged;
    }

    private static IndexAxis Split(GraphNode node, Relations relations, int[] merged, int[] to, int[] targets)
    {
        if (targets.Length == 1)
        {
            return new IndexAxis(merged);
        }

        var axis = ChannelAxis(node, relations, merged, to, targets);
        var inner = targets.Where(t => t > axis).Aggregate(1, (product, t) => product * to[t]);
        var ids = new int[to[axis]];
        Array.Fill(ids, -1);
        for (var i = 0; i < merged.Length; i++)
        {
            ref var id = ref ids[i / inner % ids.Length];
            if (id < 0)
            {
                id = merged[i];
            }

            relations.Elements.Tie(id, merged[i]);
        }

        return new IndexAxis(ids);
    }

    /// <summary>
    /// Which of the target axes the channels run along: the one they run along already if there is one (a Flatten being
    /// undone), the one that a convolution downstream reads as channels, else the innermost.
    /// </summary>
    private static int ChannelAxis(GraphNode node, Relations relations, int[] merged, int[] to, int[] targets)
    {
        if (targets.Length == 1)
        {
            return targets[0];
        }

        foreach (var axis in targets)
        {
            if (RunsAlong(relations, merged, to, targets, axis))
            {
                return axis;
            }
        }

        return targets.Contains(1) && ReachesConvolution(node, relations) ? 1 : targets[^1];
    }

    private static bool RunsAlong(Relations relations, int[] merged, int[] to, int[] targets, int axis)
    {
        var inner = targets.Where(t => t > axis).Aggregate(1, (product, t) => product * to[t]);
        var seen = new int[to[axis]];
        Array.Fill(seen, -1);
        for (var i = 0; i < merged.Length; i++)
        {
            ref var id = ref seen[i / inner % seen.Length];
            var root = relations.Elements.Root(merged[i]);
            if (id >= 0 && id != root)
            {
                return false;
            }

            id = root;
        }

        return true;
    }

    private static bool ReachesConvolution(GraphNode node, Relations relations)
    {
        for (var steps = 0; steps < 8; steps++)
        {
            var uses = relations.Graph.Uses(node.Outputs[0]);
            if (uses.Count == 0)
            {
                return false;
            }

            node = uses[0].Node;
            if (node.OpType is "Conv" or "ConvTranspose" or "BatchNormalization" or "InstanceNormalization" or "MaxPool" or "AveragePool" or "Resize" or "GlobalAveragePool")
            {
                return true;
            }

            if (node.OpType is "Transpose" or "MatMul" or "Reshape" or "Gemm")
            {
                return false;
            }
        }

        return false;
    }
}
