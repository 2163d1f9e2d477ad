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
    private const double Behind = 1.1;

    /// <summary>Glances for which there must be time before one begins: itself, and a plan from all samples behind it.</summary>
    private const int Reserve = 6;

    private (Budget? Budget, Dictionary<PlanRule, (CompressionPlan? Plan, Diagnostic? Unreachable)> Plans) _known = (null, []);
    private List<(PlanRule Rule, double Loss)> _leftOut = [];

    /// <summary>The rules that <see cref="InTheRunning"/> left out last, those that lose least first, each with its loss over the least.</summary>
    public IEnumerable<(PlanRule Rule, double Behind)> LeftOut => _leftOut;

    /// <summary>The plan of a rule; that of one that was looked at is known.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met so.</exception>
    public CompressionPlan Plan(Budget budget, PlanRule rule) =>
        _known.Budget != budget || !_known.Plans.TryGetValue(rule, out var known) ? planner.Plan(budget, rule, cancellation)
            : known.Plan ?? throw new OnnxCompressException(known.Unreachable!);

    /// <summary>The rules that may win, each plan once.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="announce">Told which of them is looked at.</param>
    public IReadOnlyList<PlanRule> InTheRunning(Budget budget, IReadOnlyList<PlanRule> rules, Action<int> announce)
    {
        var (seen, plans) = (new List<(PlanRule Rule, double Loss)>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var (i, rule) in rules.Index().TakeWhile(_ => limit.HasTimeFor(TimeLimit.Glance, Reserve)))
        {
            announce(i);
            // Whoever tries what cannot be is told why.
            var look = Look(budget, rule, plans);
            var (plan, score) = (look?.Plan, look?.Score);
            if (score is not null || plan is null)
            {
                seen.Add((rule, score?.Loss ?? double.NegativeInfinity));
            }

            if (plan is { Sites.Count: 0 })
            {
                // All rules agree.
                break;
            }
        }

        var least = seen.Where(s => !double.IsNegativeInfinity(s.Loss)).Select(s => s.Loss).DefaultIfEmpty(double.PositiveInfinity).Min();
        _leftOut = [.. seen.Where(s => s.Loss > Behind * least).OrderBy(s => s.Loss).Select(s => (s.Rule, s.Loss / least))];
        return [.. seen.Where(s => !(s.Loss > Behind * least)).Select(s => s.Rule)];
    }

    /// <summary>A plan and how it does; without a score where another rule came to the same. Null where the budget is out of reach, or time was up.</summary>
    private (CompressionPlan Plan, PlanScore? Score)? Look(Budget budget, PlanRule rule, HashSet<string> plans)
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
                return (plan, plans.Add((plan with { Rule = "" }).ToText()) ? judge(executor.Glance(plan, watch, cancellation)) : null);
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
