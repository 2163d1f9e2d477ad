using OnnxCompress.Verification.Decisions;

namespace OnnxCompress.Verification;

/// <summary>How far two models decide the same by one rule.</summary>
/// <param name="Output">The output that decides.</param>
/// <param name="Kind">What a decision is.</param>
/// <param name="Decisions">How many there were: samples, times positions where each decides; boxes of both models.</param>
/// <param name="Agreeing">How many of them were the same in both models.</param>
public sealed record DecisionResult(string Output, DecisionKind Kind, long Decisions, long Agreeing)
{
    /// <summary>Share of equal decisions; null when there were none.</summary>
    public double? Agreement => Decisions == 0 ? null : (double)Agreeing / Decisions;

    /// <summary>See <see cref="VerificationResult.CautiousAgreement"/>; null where the drift of the outputs cannot be stretched.</summary>
    public double? CautiousAgreement { get; init; }

    /// <summary>See <see cref="VerificationResult.DecisionRisk"/>.</summary>
    public double? Risk { get; init; }

    /// <summary>Decisions of different samples, copies left out.</summary>
    public long DistinctDecisions { get; init; } = Decisions;

    /// <summary>How many of <see cref="DistinctDecisions"/> were the same in both models.</summary>
    public long DistinctAgreeing { get; init; } = Agreeing;

    /// <summary>Whether the original decided the same everywhere.</summary>
    public bool HasOneDecision { get; init; }

    /// <summary>What else decisions of this kind are measured by, for instance the mean intersection over union.</summary>
    public IReadOnlyList<DecisionFigure> Figures { get; init; } = [];

    /// <summary>Decisions that changed, the original's surest first; at most <see cref="VerificationResult.MostChanged"/> of them.</summary>
    public IReadOnlyList<ChangedDecision> Changed { get; init; } = [];

    /// <summary>Where decisions are pixels, the samples of which most changed; else empty.</summary>
    internal IReadOnlyList<PixelChanges> ChangedPixels { get; init; } = [];
}
