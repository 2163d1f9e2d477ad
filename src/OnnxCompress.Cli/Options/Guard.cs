using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Options;

/// <summary>What samples must say.</summary>
/// <param name="MinimumAgreement">The smallest share of equal decisions; null for none.</param>
/// <param name="MaximumError">The largest relative error of an output; null for none.</param>
internal sealed record Guard(double? MinimumAgreement, double? MaximumError)
{
    /// <summary>The largest relative error when nothing decides and nothing else is asked for.</summary>
    public const double DefaultMaximumError = 0.02;

    /// <summary>The share of decisions that the smallest model keeps when nothing else is asked for.</summary>
    public const double DefaultMinimumAgreement = 0.99;

    /// <summary>Whether anything is asked for.</summary>
    public bool IsSet => MinimumAgreement is not null || MaximumError is not null;

    /// <summary>Why the guard fails, or null when it holds.</summary>
    public Diagnostic? Failure(VerificationResult verification)
    {
        if (MinimumAgreement is { } least && !(verification.Agreement >= least))
        {
            return Failed($"{Figures.FinePercent(verification.Agreement)} of the decisions on {verification.Samples} samples stayed the same, "
                + $"less than --min-agreement {least.ToString(CultureInfo.InvariantCulture)}.");
        }

        return MaximumError is { } most && !(verification.RelativeError <= most)
            ? Failed($"The relative error on {verification.Samples} samples is {Figures.Error(verification.RelativeError)}, "
                + $"more than --max-error {most.ToString(CultureInfo.InvariantCulture)}.")
            : null;
    }

    private static Diagnostic Failed(string message) => new(DiagnosticCodes.GuardNotMet, Severity.Error, message);
}
