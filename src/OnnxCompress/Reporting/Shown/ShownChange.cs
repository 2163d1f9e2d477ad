using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Reporting.Shown;

/// <summary>A decision that changed, as it can be looked at.</summary>
/// <param name="Title">The sample in words.</param>
/// <param name="Original">What the original says.</param>
/// <param name="Compressed">What the compressed model says.</param>
internal sealed record ShownChange(string Title, string Original, string Compressed)
{
    /// <summary>The sample, where it is a picture.</summary>
    public ShownPicture? Picture { get; init; }

    /// <summary>Boxes of the original, in pixels of <see cref="Picture"/>.</summary>
    public IReadOnlyList<Box> OriginalBoxes { get; init; } = [];

    /// <summary>Boxes of the compressed model.</summary>
    public IReadOnlyList<Box> CompressedBoxes { get; init; } = [];

    /// <summary>The pixels that changed, to lie over <see cref="Picture"/>.</summary>
    public ShownPicture? Pixels { get; init; }

    /// <summary>The sample that the original says, where a decision is a sample and that is a picture.</summary>
    public ShownPicture? OriginalNeighbour { get; init; }

    /// <summary>The sample that the compressed model says.</summary>
    public ShownPicture? CompressedNeighbour { get; init; }
}
