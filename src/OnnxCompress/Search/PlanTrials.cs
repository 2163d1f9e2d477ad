using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Carries plans out and scores them. Of their models two that may be wanted again are held: making one takes as long as trying another
/// plan, holding all takes too much memory.
/// </summary>
/// <param name="executor">Carries plans out.</param>
/// <param name="judge">Compares them; null when there are no validation samples.</param>
/// <param name="watch">Times what it does.</param>
/// <param name="limit">Ends the search early.</param>
/// <param name="cancellation">Stops the search.</param>
internal sealed class PlanTrials(IPlanExecutor executor, IPlanJudge? judge, StageWatch watch, TimeLimit limit, CancellationToken cancellation)
{
    private ExecutedPlan? _latest, _best;

    /// <summary>Every plan that was scored, in the order of trial.</summary>
    public List<ScoredPlan> Tried { get; } = [];

    /// <summary>Makes a plan and carries it out.</summary>
    /// <param name="make">Makes it.</param>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met; OCX5006: there is no time.</exception>
    public ScoredPlan Try(Func<CompressionPlan> make) => limit.Step(TimeLimit.Plan, () =>
    {
        var plan = make();
        cancellation.ThrowIfCancellationRequested();
        var made = _latest = executor.Execute(plan, watch, cancellation);
        if (judge is null)
        {
            return new ScoredPlan(made.Plan, null) { Time = made.Time, Bytes = made.Cost.Bytes };
        }

        var tried = new ScoredPlan(made.Plan, Judge(made)) { Time = made.Time, Bytes = made.Cost.Bytes };
        Tried.Add(tried);
        return tried;
    });

    /// <summary>The model of the plan that was tried last is the best so far.</summary>
    public void Keep() => _best = _latest;

    /// <summary>The best so far counts as the latest: whoever takes it finds it there.</summary>
    public void Recall() => _latest = _best;

    /// <summary>The model of a plan that was tried.</summary>
    /// <exception cref="OnnxCompressException">OCX5006: it had to be made again, and there is no time for that.</exception>
    public ExecutedPlan Realize(ScoredPlan tried) =>
        Array.Find([_best, _latest], made => ReferenceEquals(made?.Plan, tried.Plan)) ?? limit.Step(TimeLimit.Plan, () => executor.Execute(tried.Plan, watch, cancellation));

    /// <summary>The score of a model; one that overflows is the worst of all, not the end of the search.</summary>
    public PlanScore Judge(ExecutedPlan made)
    {
        try
        {
            return watch.Time("compare", () => judge!.Score(made.Model, cancellation));
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.OutputNotFinite)
        {
            return new PlanScore(0, 0, double.PositiveInfinity, double.PositiveInfinity);
        }
    }

    /// <summary>Whether a plan was not to be had: the budget is out of reach, or time was up.</summary>
    public static bool IsNoPlan(OnnxCompressException e) => e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.TimeLimitReached;

    /// <summary>A plan that was tried; null where the budget is out of reach, or time was up.</summary>
    public static ScoredPlan? InTime(Func<ScoredPlan> attempt)
    {
        try
        {
            return attempt();
        }
        catch (OnnxCompressException e) when (IsNoPlan(e))
        {
            return null;
        }
    }
}
