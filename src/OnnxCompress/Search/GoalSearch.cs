using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// The smallest model that reaches a goal: found on validation samples, proven once on guard samples. Where the guard
/// says no, larger accepted models are tried, the middle one first, so that few questions find the smallest that it accepts.
/// </summary>
/// <param name="search">Finds models.</param>
/// <param name="guard">Proves them; null when there are no guard samples.</param>
/// <param name="goal">The goal.</param>
/// <param name="isSlower">Whether a model is slower than the original as a whole: the next larger one is taken where that is not.</param>
internal sealed class GoalSearch(PlanSearch search, IPlanJudge? guard, CompressionGoal goal, Func<ExecutedPlan, bool> isSlower)
{
    /// <summary>Who asks often enough gets a yes by chance.</summary>
    private const int MostLooks = 4;

    /// <summary>The smallest model.</summary>
    /// <exception cref="OnnxCompressException">OCX5002: no smaller model reaches the goal; OCX5003: no samples to search on; OCX5006: none was found by the time limit.</exception>
    public ExecutedPlan Smallest(CancellationToken cancellation)
    {
        if (!search.CanJudge)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.NothingToSearchOn,
                "Without a budget the smallest model is searched for on validation samples, and there are none: give more data, or a budget such as --keep-macs 0.7.");
        }

        var accepted = search.Smallest(goal);
        var (best, slower) = ((ExecutedPlan?)null, (ExecutedPlan?)null);
        // The smallest first; where that is not enough, between it and the largest.
        var (low, high, at) = (0, accepted.Count - 1, 0);
        // What was found by the time limit is proven all the same.
        for (var look = 0; look < MostLooks && low <= high && (look == 0 || search.Limit.HasTimeFor(TimeLimit.Plan)); look++)
        {
            if (Realized(accepted[at]) is not { } made)
            {
                break;
            }

            var keeps = guard is null || goal.Accepts(guard.Score(made.Model, cancellation));
            if (keeps && (search.Limit.IsReached || !isSlower(made)))
            {
                (best, high) = (made, at - 1);
            }
            else
            {
                (slower, low) = (keeps ? slower ?? made : slower, at + 1);
            }

            at = (low + high) / 2;
        }

        return best ?? slower ?? throw (search.Limit.IsReached ? search.Limit.Failure : new OnnxCompressException(DiagnosticCodes.GoalNotReached, Why(accepted)));
    }

    private ExecutedPlan? Realized(ScoredPlan accepted)
    {
        try
        {
            return search.Realize(accepted);
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.TimeLimitReached)
        {
            return null;
        }
    }

    private string Why(IReadOnlyList<ScoredPlan> accepted)
    {
        var wanted = goal.MinimumAgreement is { } share
            ? FormattableString.Invariant($"an agreement of {share}")
            : FormattableString.Invariant($"a relative error of at most {goal.MaximumError}");
        var closest = search.Tried.Where(t => t.Score?.Agreement is not null).MaxBy(t => t.Score!.CautiousAgreement);
        var best = closest is null ? "" : FormattableString.Invariant($" The best of {search.Tried.Count} plans kept {closest.Score!.Agreement:P2} on validation samples, and {closest.Score.CautiousAgreement:P2} can be expected of less clear ones.");
        return accepted.Count == 0
            ? $"No smaller model reaches {wanted}.{best} Ask for less, or give more calibration data."
            : $"{accepted.Count} smaller models reach {wanted} on validation samples, but not on the samples of the guard.{best} Ask for less, or give more data.";
    }
}
