using System.Text.Json.Serialization;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress.Reporting;

/// <summary>A held-out decision that compression changed.</summary>
/// <param name="Sample">The sample's index, counted over all data files in the order given.</param>
/// <param name="File">The file it lies in, without its folder.</param>
/// <param name="Position">The position inside the sample, for outputs with several decisions; else 0.</param>
/// <param name="Original">The original's decision.</param>
/// <param name="Compressed">The compressed model's decision.</param>
/// <param name="OriginalMargin">How far the original preferred its decision over the other; null where there is no distance.</param>
/// <param name="CompressedMargin">The same of the compressed model.</param>
public sealed record ReportedChange(
    int Sample, string? File, int Position, long Original, long Compressed, double? OriginalMargin, double? CompressedMargin)
{
    /// <summary>What the original said, where a decision is more than a number; else null.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OriginalText { get; init; }

    /// <summary>What the compressed model said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CompressedText { get; init; }

    /// <summary>A change as it is reported: by where its sample lies in the files, not by its place in the samples that were looked at.</summary>
    /// <param name="change">The change.</param>
    /// <param name="samples">The samples that were looked at; null: they are counted as they came.</param>
    internal static ReportedChange From(ChangedDecision change, ISampleSource? samples)
    {
        var (sample, file) = Place(change.Sample, samples);
        return new(
            sample,
            file,
            change.Position,
            change.NamesSamples ? Place((int)change.Original, samples).Sample : change.Original,
            change.NamesSamples ? Place((int)change.Compressed, samples).Sample : change.Compressed,
            change.OriginalMargin,
            change.CompressedMargin)
        {
            OriginalText = change.OriginalText,
            CompressedText = change.CompressedText,
        };
    }

    /// <summary>Where a sample lies in the files.</summary>
    /// <param name="sample">Its place in the samples that were looked at.</param>
    /// <param name="samples">The samples; null: they are counted as they came.</param>
    internal static (int Sample, string? File) Place(int sample, ISampleSource? samples)
    {
        var (origin, source) = samples is SubsetSampleSource subset ? (subset.OriginOf(sample), subset.Outermost) : (sample, samples);
        return (origin, Path.GetFileName((source as FileSampleSource)?.Locate(origin).File));
    }
}
