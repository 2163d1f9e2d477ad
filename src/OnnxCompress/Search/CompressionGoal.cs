using OnnxCompress.Allocation;

namespace OnnxCompress.Search;

/// <summary>What the smallest model must keep when no budget says how small it has to be.</summary>
/// <param name="MinimumAgreement">Share of equal decisions; null for none.</param>
/// <param name="MaximumError">Relative error of an output; null for none.</param>
public sealed record CompressionGoal(double? MinimumAgreement, double? MaximumError)
{
    /// <summary>What small means.</summary>
    public CompressionObjective Objective { get; init; }

    /// <summary>Where what is looked for lies, as shares of the original in what is made small: below what others reach, above what would be in vain.</summary>
    internal (double AtLeast, double AtMost) Range { get; init; } = (0, 1);

    /// <summary>Plans that keep enough in other numbers, the smallest first, each with the share that it is about in these: where the search begins.</summary>
    internal IReadOnlyList<(CompressionPlan Plan, double Share)> Starts { get; init; } = [];

    /// <summary>Whether the network was not trained on the samples, so that what they say is taken as it is.</summary>
    public bool IsUnseen { get; init; }

    /// <summary>Whether a model keeps enough. Samples that were trained on are clearer than those to come, unless the user says that they were not.</summary>
    internal bool Accepts(PlanScore score) =>
        !((IsUnseen ? score.Agreement : score.CautiousAgreement) < MinimumAgreement) && !(score.Error > MaximumError);

    /// <summary>Whether a model loses so much more than may be lost that no other way to the same size will do.</summary>
    internal bool IsFarFrom(PlanScore score)
    {
        const double Far = 5;
        return 1 - (IsUnseen ? score.Agreement : score.CautiousAgreement) > Far * Math.Max(0.01, 1 - (MinimumAgreement ?? 0)) || score.Error > Far * MaximumError;
    }

    /// <summary>The budget that asks for a share of the original in what is made small.</summary>
    internal Budget BudgetOf(double share) => Objective switch
    {
        // Times of nodes rank plans; how they add up to a model would have to be measured for each of many plans.
        CompressionObjective.Latency => new(KeepLatency: share) { IsPredicted = true },
        CompressionObjective.Bytes => new(KeepBytes: share),
        CompressionObjective.Macs => new(KeepMacs: share),
        CompressionObjective.Parameters => new(KeepParameters: share),
        _ => throw new ArgumentOutOfRangeException(nameof(share), Objective, "No such objective."),
    };
}
