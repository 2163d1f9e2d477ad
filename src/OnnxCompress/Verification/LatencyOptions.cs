namespace OnnxCompress.Verification;

/// <summary>How long and on how many threads two models are timed.</summary>
public sealed record LatencyOptions
{
    /// <summary>Threads of the runtime; 0 means all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Samples in a run, unless the model fixes another number.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Measured pairs at most.</summary>
    public int Rounds { get; init; } = 201;

    /// <summary>Pairs that are measured even when time is up.</summary>
    public int MinimumRounds { get; init; } = 5;

    /// <summary>Time to spend on measured pairs.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// How often both models are opened anew: where a model's weights and buffers happen to lie changes its time by some hundredths,
    /// for as long as it is open. Once only where opening takes more than a share of <see cref="Time"/>.
    /// </summary>
    public int Openings { get; init; } = 3;

    /// <summary>
    /// A run this long counts as it is: threads that wait actively do so for moments, and interruptions are a small part of it.
    /// </summary>
    internal TimeSpan LongRun { get; init; } = TimeSpan.FromSeconds(0.5);
}
