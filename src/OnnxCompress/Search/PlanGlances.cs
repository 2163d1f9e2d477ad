using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Plans compared on few samples first: what loses much more there than another is not made from all of them. A fit to few samples
/// loses more than one to all, but much the same more for every plan of a budget.
/// </summary>
/// <param name="planner">Makes plans.</param>
/// <param name="executor">Carries them out.</param>
/// <param name="judge">Scores what was carried out.</param>
/// <param name="watch">Times what it does.</param>
/// <param name="limit">Ends the search early.</param>
/// <param name="cancellation">Stops the search.</param>
internal sealed class PlanGlances(
    IPlanner planner, IPlanExecutor executor, Func<ExecutedPlan, PlanScore> judge, StageWatch watch, TimeLimit limit, CancellationToken cancellation)
{
    /// <summary>Of fewer rules none is looked at in a glance first.</summary>
    public const int WorthIt = 3;

    /// <summary>A plan that loses this much more than the best, both made from few samples, is not made from all.</summary>
    private const double Behind = 1.25;

    /// <summary>Rules that are looked at before a budget counts as hopeless.</summary>
    private const int Telling = 3;

    /// <summary>Glances for which there must be time before one begins: itself, and a plan from all samples behind it.</summary>
    private const int Reserve = 6;

    private (Budget? Budget, Dictionary<PlanRule, (CompressionPlan? Plan, Diagnostic? Unreachable)> Plans) _known = (null, []);

    /// <summary>The plan of a rule; that of one that was looked at is known.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met so.</exception>
    public CompressionPlan Plan(Budget budget, PlanRule rule) =>
        _known.Budget != budget || !_known.Plans.TryGetValue(rule, out var known) ? planner.Plan(budget, rule, cancellation)
            : known.Plan ?? throw new OnnxCompressException(known.Unreachable!);

    /// <summary>
    /// The rules that may win. What is left out is too far behind to be taken for any other reason, as that it runs faster.
    /// </summary>
    /// <param name="budget">The budget.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="announce">Told which of them is looked at.</param>
    public IReadOnlyList<PlanRule> InTheRunning(Budget budget, IReadOnlyList<PlanRule> rules, Action<int> announce)
    {
        var seen = new List<(PlanRule Rule, double Loss)>();
        foreach (var (i, rule) in rules.Index().TakeWhile(_ => limit.HasTimeFor(TimeLimit.Glance, Reserve)))
        {
            announce(i);
            // Whoever tries what cannot be is told why.
            var (plan, score) = Look(budget, rule) ?? (null, null);
            seen.Add((rule, score?.Loss ?? double.NegativeInfinity));
            if (plan is { Sites.Count: 0 })
            {
                // All rules agree.
                break;
            }
        }

        var most = Most(seen.Where(s => !double.IsNegativeInfinity(s.Loss)).Select(s => s.Loss));
        return [.. seen.Where(s => s.Loss <= most).Select(s => s.Rule)];
    }

    /// <summary>
    /// Rules in the order in which they are tried. What did at the last budget is; then those that lose least when they are made from few
    /// samples. What loses much more, or far more than the goal allows, is not.
    /// </summary>
    /// <param name="budget">The budget.</param>
    /// <param name="rules">The rules, the one that did last first.</param>
    /// <param name="goal">The goal.</param>
    /// <param name="hasDone">Whether one has done.</param>
    /// <param name="announce">Told when one is looked at.</param>
    public IEnumerable<PlanRule> Promising(Budget budget, IReadOnlyList<PlanRule> rules, CompressionGoal goal, bool hasDone, Action announce)
    {
        if (hasDone)
        {
            yield return rules[0];
        }

        var seen = new List<(PlanRule Rule, PlanScore Score)>();
        foreach (var rule in rules.TakeWhile(_ => limit.HasTimeFor(TimeLimit.Glance, Reserve) && (seen.Count < Telling || !seen.TrueForAll(s => goal.IsFarFrom(s.Score)))))
        {
            announce();
            if (Look(budget, rule) is var (_, score))
            {
                seen.Add((rule, score));
            }
        }

        var most = Most(seen.Select(s => s.Score.Loss));
        foreach (var (rule, _) in seen.Where(s => s.Score.Loss <= most && !goal.IsFarFrom(s.Score) && !(hasDone && s.Rule == rules[0])).OrderBy(s => s.Score.Loss))
        {
            yield return rule;
        }
    }

    private static double Most(IEnumerable<double> losses) => Behind * losses.DefaultIfEmpty(double.PositiveInfinity).Min();

    private (CompressionPlan Plan, PlanScore Score)? Look(Budget budget, PlanRule rule)
    {
        if (_known.Budget != budget)
        {
            _known = (budget, new(ReferenceEqualityComparer.Instance));
        }

        try
        {
            return limit.Step(TimeLimit.Glance, () =>
            {
                cancellation.ThrowIfCancellationRequested();
                var plan = Plan(budget, rule);
                _known.Plans[rule] = (plan, null);
                return (plan, judge(executor.Glance(plan, watch, cancellation)));
            });
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
        {
            _known.Plans[rule] = (null, e.Diagnostic);
            return null;
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.TimeLimitReached)
        {
            return null;
        }
    }
}
