namespace OnnxCompress.Search;

/// <summary>What validation samples say of a compressed model.</summary>
/// <param name="Agreement">Share of equal decisions; null when nothing decides.</param>
/// <param name="CautiousAgreement">See <see cref="Verification.VerificationResult.CautiousAgreement"/>.</param>
/// <param name="Error">Relative error of the deciding output, or of the worst where nothing decides.</param>
/// <param name="Loss">
/// What plans are compared by; smaller is better. Mean cross-entropy of the original's decisions under the compressed
/// model's classes: agreement itself moves in steps that are larger than the differences between good plans.
/// </param>
internal sealed record PlanScore(double? Agreement, double? CautiousAgreement, double Error, double Loss);
