namespace OnnxCompress.Search;

/// <summary>Wall-clock seconds of the stages.</summary>
/// <param name="AnalyzeSeconds">Shapes and dependencies.</param>
/// <param name="CalibrateSeconds">Statistics.</param>
/// <param name="SelectSeconds">Error curves.</param>
/// <param name="AllocateSeconds">Budget to plan, for all plans that were tried.</param>
/// <param name="ReconstructSeconds">Plan to weights, for all plans that were tried, and the errors of the one that was taken.</param>
/// <param name="CompareSeconds">Plans on validation and guard samples.</param>
public sealed record StageTimes(
    double AnalyzeSeconds, double CalibrateSeconds, double SelectSeconds, double AllocateSeconds, double ReconstructSeconds, double CompareSeconds)
{
    /// <summary>The most memory that the process had held by the end of each stage: where it grows, the stage needed more than all before.</summary>
    public IReadOnlyDictionary<string, long> PeakBytes { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Whether <see cref="CompressionOptions.TimeLimit"/> ended the search: the result is the best that was found by then.</summary>
    public bool IsCutShort { get; init; }

    /// <summary>Single nodes in the runtime, where time is limited; 0 when all of them were known from an earlier run.</summary>
    public double NodeTimingSeconds { get; init; }
}
