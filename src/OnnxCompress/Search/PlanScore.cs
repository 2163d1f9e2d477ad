namespace OnnxCompress.Search;

/// <summary>What validation samples say of a compressed model.</summary>
/// <param name="Agreement">Share of equal decisions; null when nothing decides.</param>
/// <param name="CautiousAgreement">See <see cref="Verification.VerificationResult.CautiousAgreement"/>.</param>
/// <param name="Error">Relative error of the deciding output, or of the worst where nothing decides.</param>
/// <param name="Loss">
/// What plans are compared by; smaller is better. The share of their margins that the original's decisions lost, see
/// <see cref="Verification.VerificationResult.DecisionRisk"/>: agreement itself moves in steps that are larger than the
/// differences between good plans, and cross-entropy rewards a model that is surer than the original.
/// </param>
internal sealed record PlanScore(double? Agreement, double? CautiousAgreement, double Error, double Loss)
{
    /// <summary>Decisions that the loss is a mean over; 0 where it is none.</summary>
    public long Decisions { get; init; }

    /// <summary>
    /// Whether another loses no more than chance may tell apart: nearly all of a loss comes from the few decisions that have next to no
    /// margin, and of few the standard deviation is the root.
    /// </summary>
    /// <param name="least">The score of the one that loses least.</param>
    public bool IsAsGoodAs(PlanScore least) =>
        Loss <= least.Loss || (Decisions > 0 && (Loss - least.Loss) * Decisions <= Math.Sqrt((Loss + least.Loss) * Decisions));
}
