using OnnxCompress.Dependencies;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>The true cost of a model of which channels go and layers are split: what a split costs depends on both.</summary>
/// <param name="cost">Cost as a function of the channels that stay.</param>
/// <param name="candidates">The layers that may be split.</param>
internal sealed class JointCost(CostModel cost, IReadOnlyList<SplitCandidate> candidates)
{
    /// <summary>A node with its names, attributes and two initializers, less what it replaces: close enough for a budget.</summary>
    public const long BytesPerNode = 250;

    /// <summary>Elements of floating-point constants.</summary>
    /// <param name="isKept">Whether the root of an element stays.</param>
    /// <param name="splits">One entry for each candidate; null where the layer stays whole.</param>
    public long Parameters(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits) =>
        cost.Parameters(isKept) + Saved(isKept, splits, (split, size, _) => split.Parameters - size.DenseParameters);

    /// <summary>Multiply-accumulates of one sample.</summary>
    public long Macs(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits) =>
        cost.Macs(isKept) + Saved(isKept, splits, (split, size, _) => split.Macs - size.DenseMacs);

    /// <summary>Bytes of the constants and of the nodes that splits add.</summary>
    public long Bytes(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits) =>
        cost.Bytes(isKept) + Saved(isKept, splits, (split, size, width) => ((split.Parameters - size.DenseParameters) * width) + (split.Nodes * BytesPerNode));

    private long Saved(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits, Func<SplitCost, LayerSize, int, long> difference)
    {
        long saved = 0;
        for (var i = 0; i < splits.Count; i++)
        {
            if (splits[i] is { } option)
            {
                var size = candidates[i].SizeWhen(cost, isKept);
                var split = SplitCost.Of(option.Shape, size);
                split = split with { Parameters = split.Parameters + candidates[i].AddedBias(option.Shape, size) };
                saved += difference(split, size, candidates[i].BytesPerElement);
            }
        }

        return saved;
    }
}
