using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>
/// Chooses the numbers of the result: what each form gives alone, and what removing gives in each form, compared on validation
/// samples. What a form gives alone is had in a moment and says which searches are worth their time. The result is never worse
/// there than any that was made.
/// </summary>
/// <param name="options">What the user said.</param>
/// <param name="runs">Makes candidates.</param>
/// <param name="validation">Compares them; null: the first that does is taken.</param>
/// <param name="guard">Proves what a form gives alone; null when there are no guard samples.</param>
internal sealed class FormPortfolio(CompressionOptions options, FormRuns runs, IPlanJudge? validation, IPlanJudge? guard)
{
    /// <summary>Two measurements of the same model differ by about as much.</summary>
    private const double TimeTolerance = 0.03;

    /// <summary>Numbers whose kernels are no faster than this beside floating point are left out where time counts.</summary>
    private const double Faster = 0.97;

    /// <summary>Two forms that write nearly the same file are one, as 4 and 8 bits of a network of convolutions.</summary>
    public const double SameBytes = 0.98;

    /// <summary>Of a form that loses this much more than another by the rule that did best there, no other rule is tried.</summary>
    private const double Hopeless = 1.5;

    /// <summary>Where so small a share of the decisions' margins is lost, there is nothing to be gained by a search.</summary>
    private const double Negligible = 0.002;

    private readonly List<FormCandidate> _made = [];
    private readonly List<ConsideredForm> _refused = [];
    private OnnxCompressException? _failure;
    private WiderForms _wider = null!;

    /// <summary>Ends the search early.</summary>
    public TimeLimit Limit { get; init; } = TimeLimit.None;

    private bool IsLimited => options.Budget.IsLimited;

    private bool CountsTime => LimitsTime(options);

    /// <summary>The numbers that are tried, those that change least first.</summary>
    public static IReadOnlyList<NumberForm> Forms(CompressionOptions options) =>
        options.Precision is NumberForm.Int8 or NumberForm.Int4 ? [options.Precision.Value]
        : options.Budget is { IsLimited: true, KeepBytes: null, KeepLatency: null }
            || (!options.Budget.IsLimited && options.Goal?.Objective is CompressionObjective.Macs or CompressionObjective.Parameters && !options.RemovesNothing) ? [NumberForm.Float]
        // Half floats run no faster on a processor.
        : options.Target == RunTarget.Cpu && LimitsTime(options) ? [NumberForm.Float, NumberForm.Int8, NumberForm.Int4]
        : FormsOf(options.Target);

    /// <summary>The numbers that a target runs, those that change least first.</summary>
    public static IReadOnlyList<NumberForm> FormsOf(RunTarget target) => target switch
    {
        RunTarget.Gpu => [NumberForm.Float, NumberForm.Float16],
        RunTarget.Any => [NumberForm.Float, NumberForm.Float16, NumberForm.Int8],
        _ => [NumberForm.Float, NumberForm.Float16, NumberForm.Int8, NumberForm.Int4],
    };

    /// <summary>Makes what is worth making and takes one.</summary>
    /// <exception cref="OnnxCompressException">No candidate does; the diagnostic is that of floating point.</exception>
    public CompressionResult Best(CancellationToken cancellation)
    {
        var forms = Forms(options);
        _wider = new WiderForms(options, runs, run => See(run, cancellation), CountsTime) { Limit = Limit };
        MakeAlone(forms, cancellation);
        var open = options.RemovesNothing ? [] : WorthRemoving();
        WidenToGoal(cancellation);
        foreach (var form in open)
        {
            MakeRemoving(form, cancellation);
        }

        Mix(cancellation);
        WidenWithinBudget(cancellation);

        var chosen = Chosen(cancellation) ?? throw _failure ?? new OnnxCompressException(DiagnosticCodes.GoalNotReached, "No form of the model keeps what was asked for.");
        runs.KeepTimes();
        var seen = _made.Select(c => c.Seen(ReferenceEquals(c, chosen))).Concat(_refused).Concat(_wider.Refused);
        return chosen.Run.Pipeline.Conclude(chosen.Run.Made, cancellation) with
        {
            Considered = [.. seen.OrderBy(s => s.Form).ThenBy(s => s.RemovesNothing).ThenBy(s => s.Narrower).ThenBy(s => s.Wider)],
        };
    }

    // Where nothing is removed no objective decides, but a budget still has to be met.
    private static bool LimitsTime(CompressionOptions options) => StageOptions.LimitsTime(options) && (!options.RemovesNothing || options.Budget.KeepLatency is not null);

    private void MakeAlone(IReadOnlyList<NumberForm> forms, CancellationToken cancellation)
    {
        foreach (var form in forms.Where(f => f != NumberForm.Float || options.RemovesNothing))
        {
            if (SameFile(form, cancellation) is { } same)
            {
                _refused.Add(new ConsideredForm(form, 0, null) { RemovesNothing = true, Refused = $"It writes about the same file as {same.ToString().ToLowerInvariant()}." });
                continue;
            }

            // Fewer bits lose more: those that meet a budget end the row.
            if (Make(form, true, () => runs.Alone(form, cancellation), cancellation) is { Refused: null } && IsLimited)
            {
                break;
            }
        }
    }

    /// <summary>
    /// A form whose model is known and about as large as one in another form would be: where time counts, making and timing that one would
    /// tell nothing new; where bytes do, only where it saves none. Null where there is none.
    /// </summary>
    private NumberForm? SameFile(NumberForm form, CancellationToken cancellation)
    {
        // Half floats are no file of whole numbers, however few bytes a small one saves beside what it adds.
        FormCandidate[] alone = form == NumberForm.Float16 ? [] : [.. _made.Where(c => c.Run is { RemovesNothing: true, Wider: 0, Form: NumberForm.Int8 or NumberForm.Int4 })];
        var share = CountsTime && options.Budget.KeepBytes is null ? SameBytes : 1;
        return alone.Length > 0 && runs.BytesAlone(form, cancellation) is { } bytes
            ? alone.Where(other => runs.BytesAlone(other.Run.Form, cancellation) is { } known && bytes >= share * known).Select(other => (NumberForm?)other.Run.Form).FirstOrDefault()
            : null;
    }

    /// <summary>
    /// The forms in which something is removed: those that may win. Within a budget the one that has to lose least goes first; without
    /// one floating point does, which says for little what can go.
    /// </summary>
    private NumberForm[] WorthRemoving()
    {
        FormCandidate[] alone = [.. _made];
        bool IsOpen(FormCandidate candidate) =>
            // Within a budget, nothing has to be removed where the form alone meets it.
            !(IsLimited && candidate.Refused is null)
            && !(CountsTime && candidate.Time > Faster)
            && !alone.TakeWhile(other => !ReferenceEquals(other, candidate)).Any(other => candidate.Run.ByteShare > SameBytes * other.Run.ByteShare);
        var open = alone.Where(IsOpen).OrderBy(c => CountsTime ? c.Time : c.Run.ByteShare).Select(c => c.Run.Form);
        return IsLimited ? [.. open, NumberForm.Float] : [NumberForm.Float, .. open];
    }

    private void MakeRemoving(NumberForm form, CancellationToken cancellation)
    {
        var best = _made.Where(c => c.Refused is null).MinBy(Measure);
        if (!IsLimited)
        {
            Search(form, best, cancellation);
        }
        else if (!(best?.Score?.Loss <= Negligible))
        {
            var first = best is { Run.RemovesNothing: false } && validation is not null ? best.Run.Rules : null;
            var seen = Make(form, false, () => runs.Removing(form, null, first?.Take(1).ToArray(), cancellation), cancellation);
            if (first is { Count: > 1 } && seen?.Score?.Loss <= Hopeless * best!.Score!.Loss)
            {
                _made.Remove(seen);
                Make(form, false, () => runs.Removing(form, null, first, cancellation), cancellation);
            }
        }
    }

    /// <summary>Where a form alone keeps too little, a few of its layers may keep more bits.</summary>
    private void WidenToGoal(CancellationToken cancellation)
    {
        if (IsLimited || options.Goal is null || validation is null)
        {
            return;
        }

        FormCandidate[] alone = [.. _made.Where(c => c.Run is { RemovesNothing: true, Form: NumberForm.Int8 or NumberForm.Int4 })];
        foreach (var narrow in alone.Where(c => c.Refused is not null && !alone.TakeWhile(o => !ReferenceEquals(o, c)).Any(o => c.Run.ByteShare > SameBytes * o.Run.ByteShare)))
        {
            if (options.Precision is NumberForm.Int8 or NumberForm.Int4)
            {
                _made.AddRange(_wider.Held(narrow, cancellation));
            }
            else
            {
                Add(_wider.ToGoal(narrow, Smallest, cancellation));
            }
        }
    }

    /// <summary>
    /// More removed than the numbers of a form stand, with more bits in the layers that lose most: the smallest that floating point stands,
    /// where it would be smaller than all that was found.
    /// </summary>
    private void WidenRemoved(NumberForm form, FormCandidate plain, double scale, CancellationToken cancellation)
    {
        if (validation is null || form == NumberForm.Float16 || !plain.Run.Accepted.Any() || !Limit.HasTimeFor(TimeLimit.Plan))
        {
            return;
        }

        var smallest = plain.Run.Accepted.MinBy(a => a.Share)!;
        if (smallest.Share * scale < Smallest && Make(form, false, () => runs.Of(form, smallest.Plan, cancellation), cancellation) is { Refused: not null } narrow)
        {
            _made.Remove(narrow);
            // One that keeps too little tells nothing that is to be listed.
            Add(_wider.ToGoal(narrow, Smallest, cancellation) is { Refused: null } wider ? wider : null);
        }
    }

    /// <summary>
    /// What a budget of bytes is met by in one go: layers in 4 bits and others in 8, and channels and ranks removed. What is removed mends by
    /// least squares, by how much is not known beforehand, so that two weights of it are tried.
    /// </summary>
    private void Mix(CancellationToken cancellation)
    {
        const double Mended = 0.25;
        var narrow = _made.Find(c => c.Run is { Form: NumberForm.Int4, RemovesNothing: true, Wider: 0 });
        if (validation is null || options.RemovesNothing || options.Budget is not { KeepBytes: not null, KeepLatency: null } || narrow is null
            || _made.Exists(c => c.Refused is null && c.Score?.Loss <= Negligible) || !Limit.HasTimeFor(TimeLimit.Plan))
        {
            return;
        }

        var known = new HashSet<string>(_made.Where(c => c.Run.Form == NumberForm.Int4).Select(c => c.Run.Made.Plan.ToText()), StringComparer.Ordinal);
        var rule = _made.Where(c => c.Refused is null && !c.Run.RemovesNothing).MinBy(Measure)?.Run.Made.Plan.Rule;
        FormMixtures? mixtures = null;
        foreach (var removed in new[] { 1, Mended })
        {
            Make(NumberForm.Int4, false, () => (mixtures ??= runs.Mixtures(narrow.Run, rule, cancellation)).Best(removed) is { Sites.Count: > 0 } plan && known.Add(plan.ToText()) ? runs.Of(NumberForm.Int4, plan, cancellation) : null, cancellation);
        }
    }

    /// <summary>What a budget of bytes or time leaves goes to the layers that lose most for what they take.</summary>
    private void WidenWithinBudget(CancellationToken cancellation)
    {
        if (validation is not null && IsLimited && _made.Where(c => c is { Refused: null, Run.Form: NumberForm.Int8 or NumberForm.Int4, Score.Loss: > 0 }).MinBy(Measure) is { } narrow)
        {
            Add(_wider.WithinBudget(narrow, cancellation) is { Refused: null } wider ? wider : null);
        }
    }

    private void Add(FormCandidate? made) => _made.AddRange(made is null ? [] : [made]);

    /// <summary>What others reach without a budget: the share of bytes, or of time.</summary>
    private double Smallest => _made.Where(c => c.Refused is null).Select(c => CountsTime ? c.Time ?? 1 : c.Run.ByteShare).Append(1).Min();

    /// <summary>Looks for the smallest: what floating point stands removed is the most that any numbers do, and what others reach the least that is wanted.</summary>
    private void Search(NumberForm form, FormCandidate? best, CancellationToken cancellation)
    {
        if (form == NumberForm.Float)
        {
            Make(form, false, () => runs.Removing(form, options.Goal, null, cancellation), cancellation);
            return;
        }

        var alone = _made.Single(c => c.Run.Form == form && c.Run is { RemovesNothing: true, Wider: 0 });
        if (_made.Find(c => c.Run is { Form: NumberForm.Float, RemovesNothing: false }) is not { } plain || alone.Refused is not null)
        {
            // Where nothing can go in floating point, or the numbers alone are too coarse, both together are.
            return;
        }

        // Times are predicted as shares of the form alone. The same removed saves no larger one of a form of fewer bits: starting operators
        // takes as long in any numbers.
        // What keeps enough in floating point is asked about first: between a plan that stands these numbers too and what floating point stands lies the smallest.
        var scale = CountsTime ? 1 : alone.Run.ByteShare;
        var range = (plain.Run.Reached * scale, CountsTime ? Math.Min(1, best!.Time!.Value / alone.Time!.Value) : best!.Run.ByteShare);
        var goal = options.Goal! with { Range = range, Starts = [.. plain.Run.Accepted.Select(a => (a.Plan, a.Share * scale))] };
        Make(form, false, () => runs.Removing(form, goal, plain.Run.Rules, cancellation), cancellation);
        WidenRemoved(form, plain, CountsTime ? alone.Time!.Value : alone.Run.ByteShare, cancellation);
    }

    /// <summary>What is made small: the smallest that keeps enough is wanted, or the one that loses least.</summary>
    private double Measure(FormCandidate candidate) =>
        IsLimited ? candidate.Score?.Loss ?? 0 : CountsTime ? candidate.Time ?? 1 : candidate.Run.ByteShare;

    private FormCandidate? Make(NumberForm form, bool alone, Func<FormRun?> make, CancellationToken cancellation)
    {
        try
        {
            // Numbers that cannot be solved with in one form end that form, not the choice.
            var made = UnsolvableNumbers.Explain(() => make() is { } run ? See(run, cancellation) : null);
            Add(made);
            return made;
        }
        catch (OnnxCompressException e)
        {
            // What floating point says of data or model holds for all.
            _failure = form == NumberForm.Float ? e : _failure ?? e;
            _refused.Add(new ConsideredForm(form, 0, null) { RemovesNothing = alone, Refused = e.Diagnostic.Code == DiagnosticCodes.TimeLimitReached ? "Time was up." : e.Diagnostic.Message });
            return null;
        }
    }

    private FormCandidate See(FormRun run, CancellationToken cancellation)
    {
        var score = validation?.Score(run.Made.Model, cancellation);
        var time = CountsTime ? run.TimeShare(cancellation) : (double?)null;
        var refused = options.Budget.Exceeded(run.Made.Cost, run.Pipeline.Original)
            ?? (options.Budget.KeepLatency is { } share && time > share + TimeTolerance ? $"It takes {Reporting.Figures.Percent(time)} of the original's time." : null)
            ?? (IsLimited || options.Goal is not { } goal || score is null ? null
                : !goal.Accepts(score) ? "It keeps less on validation samples than was asked for."
                // A search has asked the guard itself.
                : run.RemovesNothing && guard is not null && !goal.Accepts(guard.Score(run.Made.Model, cancellation)) ? "It keeps less on the guard's samples than was asked for."
                : null);
        return new(run, score, time, refused);
    }

    private FormCandidate? Chosen(CancellationToken cancellation)
    {
        FormCandidate[] able = [.. _made.Where(c => c.Refused is null)];
        if (IsLimited)
        {
            // Of those that something was removed from and that still miss the budget, as by a little time, the one that keeps most is closest; the
            // verdict says what it lacks.
            var best = LeastLosing(able.Length > 0 ? able : [.. _made.Where(c => !c.Run.RemovesNothing || options.RemovesNothing)]);
            return best is null || CountsTime || options.Target != RunTarget.Cpu || Limit.IsReached ? best : NotSlower(best, able, cancellation);
        }

        // The fastest, and of those that measuring does not tell from it the smallest.
        var fastest = able.Min(c => c.Time);
        return able.Where(c => !(c.Time > fastest + TimeTolerance)).MinBy(c => c.Run.ByteShare) ?? (options.RemovesNothing ? Nearest() : null);
    }

    /// <summary>Where none keeps enough: numbers that were asked for are written as near to it as was come, else the model as it is.</summary>
    private FormCandidate? Nearest() => options.Precision is NumberForm.Auto or null ? _made.FirstOrDefault() : LeastLosing([.. _made]);

    /// <summary>
    /// The one that loses least; of those that chance may tell from it, one of which nothing was removed: what was removed was looked for on the
    /// samples that are compared on, and does better there than elsewhere. Of several the one whose outputs drift least.
    /// </summary>
    private static FormCandidate? LeastLosing(FormCandidate[] candidates)
    {
        // A loss that chance excuses is still seen in all outputs.
        const double MostDrift = 1.25;
        var least = candidates.MinBy(c => c.Score?.Loss ?? 0);
        return least?.Score is not { } score
            ? least
            : candidates.Where(c => ReferenceEquals(c, least) || (c.Score!.IsAsGoodAs(score) && c.Score.Error <= MostDrift * score.Error))
                .OrderBy(c => !c.Run.RemovesNothing).ThenBy(c => c.Score!.Error).First();
    }

    /// <summary>Within a budget of bytes the form that keeps most, unless it runs slower than the original and another keeps about as much and does not.</summary>
    private static FormCandidate NotSlower(FormCandidate best, FormCandidate[] able, CancellationToken cancellation)
    {
        const double Slower = 1.02;
        const double MostLoss = 1.25;
        var others = able.Where(c => !ReferenceEquals(c, best) && c.Score?.Loss <= MostLoss * best.Score?.Loss).OrderBy(c => c.Score!.Loss).ToArray();
        return others.Length == 0 || best.Run.TimeShare(cancellation) <= Slower ? best
            : Array.Find(others, c => c.Run.TimeShare(cancellation) <= Slower) ?? best;
    }
}
