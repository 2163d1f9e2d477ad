using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Samples for which the original decides nothing but one thing.</summary>
internal static class OneDecision
{
    /// <summary>The warning that agreement proves little; null where decisions differ, or nothing decides.</summary>
    public static Diagnostic? Warning(VerificationResult? verification) => verification is { HasOneDecision: true }
        ? new(
            DiagnosticCodes.OneDecision,
            Severity.Warning,
            $"The original decides the same for all {Figures.Count(verification.Samples)} samples: a model that always answers so would agree with it. Give samples of every kind.")
        : null;
}
