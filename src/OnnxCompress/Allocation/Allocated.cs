using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>What an allocation decided.</summary>
/// <param name="Kept">For each channel group, which channels stay.</param>
/// <param name="Splits">For each layer that could be split, its split; null where it stays whole.</param>
internal sealed record Allocated(IReadOnlyList<bool[]> Kept, IReadOnlyList<SplitOption?> Splits);
