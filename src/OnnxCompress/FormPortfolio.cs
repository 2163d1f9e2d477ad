using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Reporting;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>
/// Chooses the numbers of the result: what removing alone gives, what each form alone gives, and what each gives behind removing,
/// compared on validation samples. The result is never worse there than any of them.
/// </summary>
/// <param name="options">What the user said.</param>
/// <param name="run">Makes the result for what is said of one candidate.</param>
/// <param name="validation">Compares candidates; null: the first that does is taken.</param>
/// <param name="guard">Proves one that is the smallest; null when there are no guard samples.</param>
/// <param name="timeShare">The time of a result as a share of the original's.</param>
internal sealed class FormPortfolio(
    CompressionOptions options, Func<CompressionOptions, CompressionResult> run, IPlanJudge? validation, IPlanJudge? guard, Func<CompressionResult, double> timeShare)
{
    /// <summary>Two measurements of the same model differ by about as much.</summary>
    private const double TimeTolerance = 0.03;

    private sealed record Candidate(CompressionResult Result, PlanScore? Score, ConsideredForm Seen);

    /// <summary>Whether the tool chooses: a plan has chosen, and a budget of parameters or operations is met in any numbers.</summary>
    public static bool IsAsked(CompressionOptions options) => options is { Precision: NumberForm.Auto, Plan: null };

    /// <summary>The numbers that are tried, those that change least first.</summary>
    public static IReadOnlyList<NumberForm> Forms(CompressionOptions options) =>
        options.Budget is { IsLimited: true, KeepBytes: null, KeepLatency: null } ? [NumberForm.Float]
        : options.Target switch
        {
            RunTarget.Gpu => [NumberForm.Float, NumberForm.Float16],
            RunTarget.Any => [NumberForm.Float, NumberForm.Float16, NumberForm.Int8],
            // Half floats run no faster on a processor.
            _ => options.Budget.KeepLatency is not null ? [NumberForm.Float, NumberForm.Int8, NumberForm.Int4] : [NumberForm.Float, NumberForm.Float16, NumberForm.Int8, NumberForm.Int4],
        };

    /// <summary>Makes all candidates and takes one.</summary>
    /// <exception cref="OnnxCompressException">No candidate does; the diagnostic is that of the first.</exception>
    public CompressionResult Best(CancellationToken cancellation)
    {
        var (made, seen, failure) = (new List<Candidate>(), new List<ConsideredForm>(), (OnnxCompressException?)null);
        foreach (var form in Forms(options))
        {
            // What a form gives alone is an answer of its own where removing behind it would go too far or not far enough.
            foreach (var alone in options.RemovesNothing ? [true] : form == NumberForm.Float ? [false] : (bool[])[false, true])
            {
                try
                {
                    var candidate = See(run(options with { Precision = form, RemovesNothing = alone, Budget = alone && !options.RemovesNothing ? Allocation.Budget.None : options.Budget }), form, alone, cancellation);
                    made.Add(candidate);
                    seen.Add(candidate.Seen);
                }
                catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.GoalNotReached or DiagnosticCodes.PrecisionNeedsOpset)
                {
                    failure ??= e;
                    seen.Add(new ConsideredForm(form, 0, null) { RemovesNothing = alone, Refused = e.Diagnostic.Message });
                }
            }
        }

        var chosen = Chosen(made, cancellation) ?? throw failure ?? new OnnxCompressException(DiagnosticCodes.GoalNotReached, "No form of the model keeps what was asked for.");
        return chosen.Result with { Considered = [.. seen.Select(s => s with { Chosen = ReferenceEquals(s, chosen.Seen) })] };
    }

    private Candidate See(CompressionResult result, NumberForm form, bool alone, CancellationToken cancellation)
    {
        var score = validation?.Score(result.Model, cancellation);
        var time = options.Budget.KeepLatency is not null || IsForTime ? timeShare(result) : (double?)null;
        var refused = options.Budget.Exceeded(result.Compressed, result.Original)
            ?? (options.Budget.KeepLatency is { } share && time > share + TimeTolerance ? $"It takes {Figures.Percent(time)} of the original's time." : null)
            ?? (!options.Budget.IsLimited && score is not null && options.Goal?.Accepts(score) == false ? "It keeps less on validation samples than was asked for." : null);
        return new(result, score, new ConsideredForm(form, result.Compressed.Bytes, score?.Agreement) { RemovesNothing = alone, Error = score?.Error, TimeShare = time, Refused = refused });
    }

    private bool IsForTime => !options.Budget.IsLimited && !options.RemovesNothing && options.Goal?.Objective == CompressionObjective.Latency;

    private Candidate? Chosen(List<Candidate> made, CancellationToken cancellation)
    {
        Candidate[] able = [.. made.Where(c => c.Seen.Refused is null)];
        if (options.Budget.IsLimited)
        {
            // Of those that do not meet a budget the one that keeps most is closest; the verdict says what it lacks.
            return (able.Length > 0 ? able : [.. made]).MinBy(c => c.Score?.Loss ?? 0);
        }

        // The fastest, and of those that measuring does not tell from it the smallest.
        var fastest = able.Min(c => c.Seen.TimeShare);
        foreach (var candidate in able.OrderBy(c => IsForTime && c.Seen.TimeShare > fastest + TimeTolerance ? c.Seen.TimeShare : 0).ThenBy(c => c.Seen.Bytes))
        {
            if (guard is null || options.Goal?.Accepts(guard.Score(candidate.Result.Model, cancellation)) != false)
            {
                return candidate;
            }
        }

        return options.RemovesNothing ? made.FirstOrDefault() : null;
    }
}
