using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Verification;

namespace OnnxCompress.Search;

/// <summary>Models at several budgets, by the rule that wins most often: what size costs in decisions.</summary>
/// <param name="workshop">Makes plans and carries them out.</param>
/// <param name="judge">Scores them.</param>
/// <param name="time">Times one beside the original.</param>
internal sealed class FrontierSearch(Workshop workshop, PlanJudge judge, Func<OnnxModel, LatencyComparison> time)
{
    /// <summary>One point for each budget that can be met.</summary>
    public IReadOnlyList<ExploredModel> Explore(IReadOnlyList<Budget> budgets, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var points = new List<ExploredModel>();
        workshop.Watch.Announces = false;
        foreach (var (i, budget) in budgets.Index())
        {
            progress?.Report(new ProgressUpdate("explore", i, budgets.Count));
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var draft = workshop.CarryOut(workshop.Plan(budget, workshop.Rules[0], cancellation), null, cancellation);
                var score = workshop.Watch.Time("compare", () => judge.Score(draft.Model, cancellation));
                points.Add(new ExploredModel(budget, workshop.CostOf(draft), score.Agreement, score.Error) { Latency = time(draft.Model) });
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.OutputNotFinite)
            {
                // Smaller budgets end the frontier; they are no failure of it.
                continue;
            }
        }

        progress?.Report(new ProgressUpdate("explore", budgets.Count, budgets.Count));
        workshop.Watch.Announces = true;
        return points;
    }
}
