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
    int Sample, string? File, int Position, long Original, long Compressed, double? OriginalMargin, double? CompressedMargin);
