using OnnxCompress.Dependencies;
using OnnxCompress.Selection;
using OnnxCompress.Timing;

namespace OnnxCompress.Allocation;

/// <summary>What an allocation is counted by: the model, and for each site what depends on it.</summary>
/// <param name="Cost">Cost as a function of the channels that stay.</param>
/// <param name="Parts">For each site, all that depends on it.</param>
/// <param name="Candidates">The layers that may be split.</param>
/// <param name="SplitsOf">For each site, the layers beside it.</param>
internal sealed record CostParts(CostModel Cost, IReadOnlyList<CostModel> Parts, IReadOnlyList<SplitCandidate> Candidates, ILookup<int, int> SplitsOf)
{
    /// <summary>Times of the model by the table for this CPU; null where they do not count.</summary>
    public TableTimes? Times { get; init; }

    /// <summary>For each site, those of the layers that depend on it.</summary>
    public IReadOnlyList<TableTimes> TimeParts { get; init; } = [];

    /// <summary>Measured times; null where time is not limited.</summary>
    public LatencyCost? Latency { get; init; }

    /// <summary>For each site, milliseconds of all that depends on it.</summary>
    public IReadOnlyList<Func<Remaining, double>> LatencyParts { get; init; } = [];
}
