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

    /// <summary>Whether the agreement is the tool's own goal, which nobody asked for.</summary>
    public bool IsDefault { get; init; }

    /// <summary>Whether the network was not trained on the samples, so that what they say is taken as it is.</summary>
    public bool IsUnseen { get; init; }

    /// <summary>The most accuracy that may be lost against labels, as a share of the samples; null for none.</summary>
    public double? MaximumAccuracyDrop { get; init; }

    /// <summary>The agreement that the user asked for; null for none.</summary>
    public double? Promised => IsDefault ? null : MinimumAgreement;

    /// <summary>Whether anything is asked for.</summary>
    public bool IsSet => MinimumAgreement is not null || MaximumError is not null || MaximumAccuracyDrop is not null;

    /// <summary>Why the guard fails, or null when it holds.</summary>
    /// <param name="judged">What the user's own judge says.</param>
    public Diagnostic? Failure(JudgeScore judged) => MinimumAgreement is { } least && !(judged.Score >= least)
        ? Failed($"The judge gives {judged.Score.ToString("0.####", CultureInfo.InvariantCulture)}, less than --min-agreement {least.ToString(CultureInfo.InvariantCulture)}.")
        : null;

    /// <summary>Why the guard fails, or null when it holds.</summary>
    /// <param name="verification">What samples say.</param>
    public Diagnostic? Failure(VerificationResult verification)
    {
        // Copies of samples that agree must not outvote the others.
        if (MinimumAgreement is { } least && !(verification.Agreement >= least && verification.DistinctAgreement >= least))
        {
            var (share, samples) = verification.Agreement <= verification.DistinctAgreement || verification.Agreement is null
                ? (verification.Agreement, $"{verification.Samples}")
                : (verification.DistinctAgreement, $"{verification.DistinctSamples} different");
            return Failed($"{Figures.FinePercent(share)} of the decisions on {samples} samples stayed the same, "
                + $"less than --min-agreement {least.ToString(CultureInfo.InvariantCulture)}.");
        }

        if (!IsUnseen && MinimumAgreement is { } wanted && verification.CautiousAgreement < wanted)
        {
            return Failed($"{Figures.FinePercent(verification.CautiousAgreement)} of the decisions on data that the network was not trained on can be expected to stay the same, "
                + $"less than --min-agreement {wanted.ToString(CultureInfo.InvariantCulture)}. If it was not trained on these samples, say --data-kind unseen: {Figures.FinePercent(verification.Agreement)} of them stayed the same.");
        }

        // Against labels a change may be for the better: only what is lost counts.
        if (MaximumAccuracyDrop is { } drop && !(verification.Accuracy is { } accuracy && (decimal)accuracy.Original - (decimal)accuracy.Compressed <= (decimal)drop))
        {
            var lost = verification.Accuracy is { } both
                ? $"The accuracy falls from {Figures.FinePercent(both.Original)} to {Figures.FinePercent(both.Compressed)} (McNemar p = {both.PValue.ToString("G2", CultureInfo.InvariantCulture)})"
                : "The accuracy is not known";
            return Failed($"{lost}, more than --max-accuracy-drop {drop.ToString(CultureInfo.InvariantCulture)}.");
        }

        return MaximumError is { } most && !(verification.RelativeError <= most)
            ? Failed($"The relative error on {verification.Samples} samples is {Figures.Error(verification.RelativeError)}, "
                + $"more than --max-error {most.ToString(CultureInfo.InvariantCulture)}.")
            : null;
    }

    private static Diagnostic Failed(string message) => new(DiagnosticCodes.GuardNotMet, Severity.Error, message);
}
