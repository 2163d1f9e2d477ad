using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
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
        cost.Parameters(isKept) + Saved(isKept, splits, s => s.Parameters);

    /// <summary>Multiply-accumulates of one sample.</summary>
    public long Macs(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits) =>
        cost.Macs(isKept) + Saved(isKept, splits, s => s.Macs);

    /// <summary>Bytes of the constants and of the nodes that splits add.</summary>
    public long Bytes(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits) =>
        cost.Bytes(isKept) + Saved(isKept, splits, s => s.Bytes);

    /// <summary>What a split adds to the layer that it replaces; negative where it saves.</summary>
    /// <param name="candidate">The layer.</param>
    /// <param name="option">Its split.</param>
    /// <param name="size">What stays of the layer.</param>
    public static (long Parameters, long Macs, long Bytes) Saved(SplitCandidate candidate, SplitOption option, LayerSize size)
    {
        var split = SplitCost.Of(option.Shape, size);
        var parameters = split.Parameters + candidate.AddedBias(option.Shape, size) - size.DenseParameters;
        return (parameters, split.Macs - size.DenseMacs, (parameters * candidate.BytesPerElement) + (split.Nodes * BytesPerNode));
    }

    private long Saved(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits, Func<(long Parameters, long Macs, long Bytes), long> which)
    {
        long saved = 0;
        for (var i = 0; i < splits.Count; i++)
        {
            if (splits[i] is { } option)
            {
                saved += which(Saved(candidates[i], option, candidates[i].SizeWhen(cost, isKept)));
            }
        }

        return saved;
    }
}
