namespace OnnxCompress.Timing;

/// <summary>How nodes are timed.</summary>
internal sealed record NodeTimingOptions
{
    /// <summary>Threads of the runtime; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Measurements of each chain in a pass; their median counts.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>
    /// How often all chains are gone through; the mean of passes counts. A machine that was busy for a second spoils a pass of some
    /// chains. Each begins within its part of <see cref="Limit"/>, a second within half.
    /// </summary>
    public int Passes { get; init; } = 2;

    /// <summary>One measurement is the quickest of as many runs as this takes, at least two.</summary>
    public double SmallestMeasuredMs { get; init; } = 0.4;

    /// <summary>
    /// Time to spend on all measurements of a timer. What is asked for after that is estimated by multiply-accumulates
    /// and counted in <see cref="NodeTimer.Estimated"/>.
    /// </summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(20);
}
