using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>Models at several budgets, by the rule that wins most often: what size costs in decisions.</summary>
/// <param name="workshop">Makes plans and carries them out.</param>
/// <param name="judge">Scores them.</param>
internal sealed class FrontierSearch(Workshop workshop, PlanJudge judge)
{
    /// <summary>One point for each budget that can be met.</summary>
    public IReadOnlyList<ExploredModel> Explore(IReadOnlyList<Budget> budgets, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var points = new List<ExploredModel>();
        foreach (var budget in budgets)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var draft = workshop.CarryOut(workshop.Plan(budget, workshop.Rules[0], cancellation), progress, cancellation);
                var score = workshop.Watch.Time("compare", () => judge.Score(draft.Model, cancellation));
                points.Add(new ExploredModel(budget, workshop.CostOf(draft), score.Agreement, score.Error));
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.OutputNotFinite)
            {
                // Smaller budgets end the frontier; they are no failure of it.
                continue;
            }
        }

        return points;
    }
}
