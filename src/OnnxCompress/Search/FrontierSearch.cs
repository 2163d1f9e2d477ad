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
    /// <summary>One point for each budget that can be met.</summary>
    public IReadOnlyList<ExploredModel> Explore(IReadOnlyList<Budget> budgets, CancellationToken cancellation)
    {
        var points = new List<ExploredModel>();
        foreach (var (i, budget) in budgets.Index())
        {
            watch.BeginRound("explore", i, budgets.Count);
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var made = executor.Execute(planner.Plan(budget, planner.Rules[0], cancellation), watch, cancellation);
                var score = watch.Time("compare", () => judge.Score(made.Model, cancellation));
                points.Add(new ExploredModel(budget, made.Cost, score.Agreement, score.Error) { Latency = time(made.Model) });
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
}
