using System.Globalization;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>How many different samples an agreement needs before it means something.</summary>
internal static class AgreementSamples
{
    private const double Confidence = 0.95;

    /// <summary>Samples of which one may change: with fewer, a share below 1 could only be met by all of them.</summary>
    /// <param name="agreement">In [0, 1]; with 1 nothing may change, and any sample can show that something did.</param>
    public static long Least(double agreement)
    {
        // In decimal, where 1 - 0.98 is 0.02.
        var rest = 1 - (decimal)agreement;
        return rest <= 0 ? 1 : (long)Math.Ceiling(1 / rest);
    }

    /// <summary>Samples with which full agreement proves the share; null for 1, which no number proves.</summary>
    /// <param name="agreement">In [0, 1].</param>
    public static long? Proving(double agreement) =>
        agreement >= 1 ? null : agreement <= 0 ? 0 : (long)Math.Ceiling(Math.Log(1 - Confidence) / Math.Log(agreement));

    /// <summary>The error that the guard means nothing with so few samples; null where it does, or nobody asked for it.</summary>
    public static Diagnostic? TooFew(double? agreement, int different) => agreement is { } share && different < Least(share)
        ? new(
            DiagnosticCodes.GuardTooSmall,
            Severity.Error,
            string.Create(
                CultureInfo.InvariantCulture,
                $"--min-agreement {share} needs at least {Least(share)} different samples, and there are {different}: give more data, a larger --holdout, or --verify-data."))
        : null;

    /// <summary>
    /// That even full agreement proves less than the share; null where it proves it. A warning where more samples would: that all
    /// agree is shown by those there are, and no number proves it.
    /// </summary>
    public static Diagnostic? OutOfReach(double agreement, int different)
    {
        if (different >= Proving(agreement))
        {
            return null;
        }

        var bound = Figures.FinePercent(BinomialBound.Lower95(different, different));
        var enough = Proving(agreement) is { } needed
            ? string.Create(CultureInfo.InvariantCulture, $"{needed} would prove --min-agreement {agreement}")
            : "no number proves --min-agreement 1";
        return new(
            DiagnosticCodes.FewGuardSamples,
            Proving(agreement) is null ? Severity.Information : Severity.Warning,
            string.Create(CultureInfo.InvariantCulture, $"{different} different samples prove an agreement of {bound} at most, with 95% confidence; {enough}."));
    }
}
