using System.Globalization;
using OnnxCompress.Cli.Options;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>Whether a result is written, and what is said about it last.</summary>
/// <param name="Failures">Why the result is not what was asked for; warnings where it is written all the same.</param>
/// <param name="Remarks">What to know of a result that is written.</param>
/// <param name="IsWritten">Whether the result is written.</param>
internal sealed record Verdict(IReadOnlyList<Diagnostic> Failures, IReadOnlyList<Diagnostic> Remarks, bool IsWritten)
{
    // Pairs of runs are not measured more finely on a machine that does other things too.
    private const double LatencyTolerance = 0.05;

    /// <summary>All of it, in the order in which it is said.</summary>
    public IEnumerable<Diagnostic> All => Failures.Concat(Remarks);

    /// <summary>Judges a result.</summary>
    /// <param name="settings">What was asked for.</param>
    /// <param name="outcome">What came of it.</param>
    public static Verdict Of(CompressSettings settings, CompressOutcome outcome)
    {
        var failures = Find(settings, outcome);
        // Who brings a judge has said what counts.
        var floor = outcome.Judged is null ? AgreementFloor.Of(settings.Guard, outcome.Verification) : null;
        if (floor is { Severity: Severity.Error })
        {
            failures.Add(floor);
        }

        var isWritten = failures.Count == 0 || settings.Force;
        var warning = floor is { Severity: Severity.Warning } ? floor : null;
        return new(
            [.. failures.Select(failure => Said(settings, failure))],
            isWritten ? [.. new[] { SlowerResult.Of(outcome), warning }.OfType<Diagnostic>()] : [],
            isWritten);
    }

    /// <summary>Whether the budget of time is passed by more than measuring explains.</summary>
    public static bool IsTooSlow(CompressSettings settings, LatencyComparison? latency) =>
        settings.Options.Budget.KeepLatency is { } share && latency?.Ratio > share + LatencyTolerance;

    private static Diagnostic Said(CompressSettings settings, Diagnostic failure) => settings.Force
        ? failure with { Severity = Severity.Warning, Message = failure.Message + " It was written because of --force." }
        : failure with { Message = failure.Message + (settings.OriginalOtherwise ? " The original takes its place." : " Nothing was written.") };

    private static List<Diagnostic> Find(CompressSettings settings, CompressOutcome outcome)
    {
        var failures = new List<Diagnostic>();
        var (before, after) = (outcome.Result.Original.Bytes, outcome.Result.Compressed.Bytes);
        // Who asks for nothing to be removed gets the model in its faster form, whatever its size.
        if (after >= before && !settings.Options.RemovesNothing)
        {
            failures.Add(new(
                DiagnosticCodes.ResultNotSmaller,
                Severity.Error,
                $"The result has {Figures.Bytes(after)}, the original {Figures.Bytes(before)}: nothing smaller was found under this budget."));
        }

        if (IsTooSlow(settings, outcome.Latency))
        {
            failures.Add(new(
                DiagnosticCodes.LatencyNotReached,
                Severity.Error,
                $"The result takes {Figures.Percent(outcome.Latency!.Ratio)} of the original's time, more than --keep-latency {settings.Options.Budget.KeepLatency!.Value.ToString(CultureInfo.InvariantCulture)}."));
        }

        if (settings.Options.Budget.Exceeded(outcome.Result.Compressed, outcome.Result.Original) is { } exceeded)
        {
            failures.Add(new(DiagnosticCodes.BudgetExceeded, Severity.Error, exceeded));
        }

        // A judge stands in for the share of equal decisions; other guards hold beside it.
        var ofSamples = outcome.Judged is null ? settings.Guard : settings.Guard with { MinimumAgreement = null };
        var broken = outcome.Judged is { } judged ? settings.Guard.Failure(judged) : null;
        broken ??= outcome.Verification is { } verification ? ofSamples.Failure(verification) : null;
        if (broken is { } failure)
        {
            failures.Add(failure with { Message = failure.Message + Costliest(outcome.Result.Sites) });
        }

        return failures;
    }

    /// <summary>Where to look first: the sites whose layers answer most differently.</summary>
    private static string Costliest(IEnumerable<SiteOutcome> sites)
    {
        const int Few = 3;
        var worst = sites.Where(s => double.IsFinite(s.MeasuredError)).OrderByDescending(s => s.MeasuredError).Take(Few)
            .Select(s => $"{s.Site} (relative error {Figures.Error(s.MeasuredError)})").ToArray();
        return worst.Length == 0 ? "" : $" It cost most at {string.Join(", ", worst)}; --exclude leaves a node alone.";
    }
}
