using OnnxCompress.Vocabularies;

namespace OnnxCompress;

/// <summary>What became of a looked-up table of which some rows went.</summary>
/// <param name="Rows">What stayed.</param>
/// <param name="Parameters">Elements that went.</param>
public sealed record VocabularyOutcome(TableRows Rows, long Parameters)
{
    /// <summary>Guard samples; null where there are none.</summary>
    public int? HeldOut { get; init; }

    /// <summary>Guard samples that hold an id whose row went; null where there are none.</summary>
    public int? HeldOutUnmapped { get; init; }
}
