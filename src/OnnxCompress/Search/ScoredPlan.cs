using OnnxCompress.Allocation;

namespace OnnxCompress.Search;

/// <summary>A plan and how its model did; the model itself is made again when it is wanted, or a search would hold dozens.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Score">The score on validation samples; null when there are none.</param>
internal sealed record ScoredPlan(CompressionPlan Plan, PlanScore? Score)
{
    /// <summary>See <see cref="ExecutedPlan.Time"/>.</summary>
    public double Time { get; init; }

    /// <summary>The share of the original, in what is made small, of the budget that it was made for.</summary>
    public double Share { get; init; } = 1;

    /// <summary>Bytes of the model.</summary>
    public long Bytes { get; init; }
}
