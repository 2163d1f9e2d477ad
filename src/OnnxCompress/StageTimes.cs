namespace OnnxCompress;

/// <summary>Wall-clock seconds of the stages.</summary>
/// <param name="AnalyzeSeconds">Shapes and dependencies.</param>
/// <param name="CalibrateSeconds">Statistics.</param>
/// <param name="SelectSeconds">Error curves.</param>
/// <param name="AllocateSeconds">Budget to plan.</param>
/// <param name="ReconstructSeconds">Plan to weights, and their errors.</param>
public sealed record StageTimes(
    double AnalyzeSeconds, double CalibrateSeconds, double SelectSeconds, double AllocateSeconds, double ReconstructSeconds);
