using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Verification;

namespace OnnxCompress.Search;

/// <summary>Models at several budgets, by the rule that wins most often: what size costs in decisions.</summary>
/// <param name="planner">Makes plans.</param>
/// <param name="executor">Carries them out.</param>
/// <param name="judge">Scores them.</param>
/// <param name="watch">Times what it does, and is told how far the search is.</param>
/// <param name="time">Times one beside the original.</param>
internal sealed class FrontierSearch(
    IPlanner planner, IPlanExecutor executor, IPlanJudge judge, StageWatch watch, Func<OnnxModel, LatencyComparison> time)
{
    /// <summary>Rounds of other searches before these, and of all together; null for these alone.</summary>
    public (int Before, int All)? Rounds { get; init; }

    /// <summary>Ends the search early.</summary>
    public TimeLimit Limit { get; init; } = TimeLimit.None;

    /// <summary>One point for each budget that can be met, and that there is time for.</summary>
    public IReadOnlyList<ExploredModel> Explore(IReadOnlyList<Budget> budgets, CancellationToken cancellation)
    {
        var points = new List<ExploredModel>();
        var stop = Limit.Token.CanBeCanceled ? Limit.Token : cancellation;
        foreach (var (i, budget) in budgets.Index())
        {
            watch.BeginRound("explore", i + (Rounds?.Before ?? 0), Rounds?.All ?? budgets.Count);
            cancellation.ThrowIfCancellationRequested();
            try
            {
                points.Add(Limit.Step(TimeLimit.Plan, () => PointOf(budget, executor.Execute(planner.Plan(budget, planner.Rules[0], stop), watch, stop), stop)));
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.TimeLimitReached)
            {
                // What was made by then is shown.
                break;
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.OutputNotFinite)
            {
                // Smaller budgets end the frontier; they are no failure of it.
                continue;
            }
        }

        watch.EndRounds();
        return points;
    }

    /// <summary>The point of a model that was made within a budget.</summary>
    public ExploredModel PointOf(Budget budget, ExecutedPlan made, CancellationToken cancellation)
    {
        var score = watch.Time("compare", () => judge.Score(made.Model, cancellation));
        return new ExploredModel(budget, made.Cost, score.Agreement, score.Error) { Latency = time(made.Model) };
    }
}
