using OnnxCompress.Verification;

namespace OnnxCompress.Reporting;

/// <summary>What one rule says about held-out samples.</summary>
/// <param name="Output">The output that decides.</param>
/// <param name="Rule">What a decision is, as <c>--decision</c> has it.</param>
/// <param name="Agreement">Share of equal decisions; null when there were none.</param>
/// <param name="CautiousAgreement">See <see cref="VerificationResult.CautiousAgreement"/>.</param>
/// <param name="Figures">What else decisions of this kind are measured by.</param>
public sealed record ReportedDecision(string Output, string Rule, double? Agreement, double? CautiousAgreement, IReadOnlyList<DecisionFigure> Figures)
{
    /// <summary>A rule's result as it is reported.</summary>
    internal static ReportedDecision From(DecisionResult result) => new(
        result.Output,
        result.Kind == DecisionKind.TopFive ? "top5" : result.Kind.ToString().ToLowerInvariant(),
        result.Agreement,
        result.CautiousAgreement,
        result.Figures);
}
