using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Verification;

/// <summary>A decision that two models make differently.</summary>
/// <param name="Sample">The sample's index.</param>
/// <param name="Position">The position inside the sample, for outputs with several decisions; else 0.</param>
/// <param name="Original">The original's decision: a class, or 1 and 0 for above and below the threshold.</param>
/// <param name="Compressed">The compressed model's.</param>
/// <param name="OriginalMargin">How far the original preferred its own decision over the other, in units of the output; null where there is no such distance.</param>
/// <param name="CompressedMargin">The same of the compressed model.</param>
public sealed record ChangedDecision(int Sample, int Position, long Original, long Compressed, double? OriginalMargin, double? CompressedMargin)
{
    /// <summary>What the original said, where a decision is more than a number: a text, boxes; else null.</summary>
    public string? OriginalText { get; init; }

    /// <summary>What the compressed model said.</summary>
    public string? CompressedText { get; init; }

    /// <summary>Whether the decisions are samples themselves, as nearest neighbours are.</summary>
    internal bool NamesSamples { get; init; }

    /// <summary>What the original found where decisions are boxes; else empty.</summary>
    internal IReadOnlyList<Box> OriginalBoxes { get; init; } = [];

    /// <summary>What the compressed model found.</summary>
    internal IReadOnlyList<Box> CompressedBoxes { get; init; } = [];
}
