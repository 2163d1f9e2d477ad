using OnnxCompress.Verification;

namespace OnnxCompress.Reporting;

/// <summary>How the times in the report were measured.</summary>
/// <param name="Ratio">Compressed over original, timed in turn: below 1 is faster.</param>
/// <param name="Threads">Threads of the runtime; 0 means all cores.</param>
/// <param name="Batch">Samples in one run.</param>
/// <param name="Rounds">Pairs that were measured.</param>
public sealed record ReportedLatency(double Ratio, int Threads, int Batch, int Rounds)
{
    /// <summary>The measurement as it is reported.</summary>
    public static ReportedLatency From(LatencyComparison latency) => new(latency.Ratio, latency.Threads, latency.Batch, latency.Rounds);
}
