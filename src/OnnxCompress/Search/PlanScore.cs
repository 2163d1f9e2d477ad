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
internal sealed record PlanScore(double? Agreement, double? CautiousAgreement, double Error, double Loss);
