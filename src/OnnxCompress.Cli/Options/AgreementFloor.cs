using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Options;

/// <summary>
/// What a result must keep where nobody said what: a budget is met whatever it costs, and a model that decides nothing right
/// must not ship unseen.
/// </summary>
internal static class AgreementFloor
{
    /// <summary>Below this share of equal decisions the run ends with a warning.</summary>
    public const double Warned = 0.9;

    /// <summary>Below this share of equal decisions nothing is written.</summary>
    public const double Refused = 0.5;

    /// <summary>A warning, an error, or null where enough decisions stayed, nothing decides, or a guard says what is enough.</summary>
    /// <param name="guard">What was asked for.</param>
    /// <param name="verification">What held-out samples say; null when there are none.</param>
    public static Diagnostic? Of(Guard guard, VerificationResult? verification)
    {
        if (guard.IsSet || verification?.Agreement is not { } all)
        {
            return null;
        }

        // As for the guard, copies of samples that agree must not outvote the others.
        var share = Math.Min(all, verification.DistinctAgreement ?? all);
        return share >= Warned ? null : share >= Refused ? Low(share, verification) : Lost(share, verification);
    }

    private static Diagnostic Low(double share, VerificationResult verification) => new(
        DiagnosticCodes.AgreementLow,
        Severity.Warning,
        $"Only {Kept(share, verification)}, and nobody said how many must. Give a looser budget, or accept this with {Accepting(share)}.");

    private static Diagnostic Lost(double share, VerificationResult verification) => new(
        DiagnosticCodes.AgreementLost,
        Severity.Error,
        $"Only {Kept(share, verification)}: the model is no longer what it was. Give a looser budget, accept this with {Accepting(share)}, or write it anyway with --force.");

    private static string Kept(double share, VerificationResult verification) =>
        $"{Figures.FinePercent(share)} of the decisions on {Figures.Count(verification.Samples)} samples stayed the same";

    // Rounded down, so that the same run passes.
    private static string Accepting(double share) => string.Create(
        CultureInfo.InvariantCulture, $"--min-agreement {Math.Floor(100 * share) / 100:0.##} (MinAgreement in a project)");
}
