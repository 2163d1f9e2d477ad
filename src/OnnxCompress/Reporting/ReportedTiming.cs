namespace OnnxCompress.Reporting;

/// <summary>Where the time went.</summary>
/// <param name="ReadSeconds">Reading the model and dividing the data.</param>
/// <param name="AnalyzeSeconds">Finding what can be removed.</param>
/// <param name="CalibrateSeconds">Collecting statistics.</param>
/// <param name="SelectSeconds">Choosing what could go.</param>
/// <param name="AllocateSeconds">Meeting the budget.</param>
/// <param name="ReconstructSeconds">Making the weights.</param>
/// <param name="VerifySeconds">Comparing and timing the models.</param>
/// <param name="TotalSeconds">From start to end.</param>
/// <param name="PeakWorkingSetBytes">The most memory that the process held.</param>
public sealed record ReportedTiming(
    double ReadSeconds,
    double AnalyzeSeconds,
    double CalibrateSeconds,
    double SelectSeconds,
    double AllocateSeconds,
    double ReconstructSeconds,
    double VerifySeconds,
    double TotalSeconds,
    long PeakWorkingSetBytes)
{
    /// <summary>Comparing plans on validation and guard samples.</summary>
    public double CompareSeconds { get; init; }

    /// <summary>The most memory that the process had held by the end of each stage, by the stage's name.</summary>
    public IReadOnlyDictionary<string, long>? PeakBytes { get; init; }

    /// <summary>Timing single nodes, where latency is limited: part of allocating. 0 when all times were cached.</summary>
    public double NodeTimingSeconds { get; init; }

    /// <summary>How long the search might take; null for as long as it takes.</summary>
    public double? LimitSeconds { get; init; }

    /// <summary>Whether that ended the search: the result is the best that was found by then.</summary>
    public bool LimitReached { get; init; }
}
