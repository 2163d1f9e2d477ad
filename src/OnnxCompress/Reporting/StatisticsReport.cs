namespace OnnxCompress.Reporting;

/// <summary>What a statistics file holds, as <c>calibrate --json</c> and <c>merge --json</c> print it.</summary>
internal sealed record StatisticsReport
{
    /// <summary>Version of the keys.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Version of the tool.</summary>
    public required string Tool { get; init; }

    /// <summary>SHA-256 of the model the statistics belong to, lower-case hexadecimal.</summary>
    public required string ModelSha256 { get; init; }

    /// <summary>Samples the statistics were taken from.</summary>
    public required long Samples { get; init; }

    /// <summary>How many of them were different.</summary>
    public required int DistinctSamples { get; init; }

    /// <summary>Places of the model where statistics were taken.</summary>
    public required int Places { get; init; }

    /// <summary>Tensors whose values were counted, from which ranges in 8 bits follow.</summary>
    public required int RangedTensors { get; init; }

    /// <summary>Bytes of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>What was done to the data; null where files were merged.</summary>
    public ReportedPreprocessing? Preprocessing { get; init; }
}
