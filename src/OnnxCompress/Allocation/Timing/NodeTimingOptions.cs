namespace OnnxCompress.Allocation.Timing;

/// <summary>How nodes are timed.</summary>
internal sealed record NodeTimingOptions
{
    /// <summary>Threads of the runtime; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Measurements of each chain; their median counts.</summary>
    public int Rounds { get; init; } = 9;

    /// <summary>One measurement repeats a short run until it lasts this long.</summary>
    public double SmallestMeasuredMs { get; init; } = 0.4;

    /// <summary>
    /// Time to spend on all measurements of a timer. What is asked for after that is estimated by multiply-accumulates
    /// and counted in <see cref="NodeTimer.Estimated"/>.
    /// </summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(90);
}
