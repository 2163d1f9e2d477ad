namespace OnnxCompress.Verification;

/// <summary>How long one run of each model takes, measured in turn.</summary>
/// <param name="OriginalMs">Milliseconds of one run of the original: the lower quartile over turns of the quickest run of each, on average over openings.</param>
/// <param name="CompressedMs">The same of the compressed model.</param>
/// <param name="Threads">Threads of the runtime; 0 means all cores.</param>
/// <param name="Batch">Samples in one run.</param>
/// <param name="Rounds">Pairs that were measured.</param>
public sealed record LatencyComparison(double OriginalMs, double CompressedMs, int Threads, int Batch, int Rounds)
{
    /// <summary>Compressed over original: below 1 is faster. Both are over the same stretch of time, in turns.</summary>
    public double Ratio => CompressedMs / OriginalMs;
}
