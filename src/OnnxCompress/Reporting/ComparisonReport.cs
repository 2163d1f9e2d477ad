namespace OnnxCompress.Reporting;

/// <summary>Two models compared, as <c>verify --json</c> prints it; the keys are those of <see cref="CompressionReport"/>.</summary>
internal sealed record ComparisonReport
{
    /// <summary>Version of the keys.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Version of the tool.</summary>
    public required string Tool { get; init; }

    /// <summary>The reference model.</summary>
    public required ReportedModel Model { get; init; }

    /// <summary>What it costs.</summary>
    public required ReportedCost Original { get; init; }

    /// <summary>What the other model costs.</summary>
    public required ReportedCost Compressed { get; init; }

    /// <summary>What the samples say.</summary>
    public required ReportedVerification Verification { get; init; }

    /// <summary>How latency was measured.</summary>
    public ReportedLatency? Latency { get; init; }
}
