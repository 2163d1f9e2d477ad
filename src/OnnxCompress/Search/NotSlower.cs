using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Under a budget that is not one of time: where the model of the best plan takes more time than the original, the next best
/// that keeps about as much and does not is taken. Where there is none the budget counts more, and the result says that it is slower.
/// </summary>
/// <param name="search">Finds plans.</param>
/// <param name="isSlower">Whether a model is slower than the original as a whole.</param>
internal sealed class NotSlower(PlanSearch search, Func<ExecutedPlan, bool> isSlower)
{
    /// <summary>More of the decisions' margins would be a high price for a few percent of time.</summary>
    private const double MostLoss = 1.25;

    /// <summary>The best plan within a budget.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: no rule meets the budget.</exception>
    public ExecutedPlan Best(Budget budget)
    {
        var made = search.Best(budget);
        return !search.Limit.IsReached && isSlower(made) ? Others(budget, made).FirstOrDefault(other => !isSlower(other)) ?? made : made;
    }

    private IEnumerable<ExecutedPlan> Others(Budget budget, ExecutedPlan made)
    {
        if (search.CanJudge)
        {
            var loss = search.Tried.Find(t => ReferenceEquals(t.Plan, made.Plan))?.Score?.Loss;
            var behind = search.LeftOut.Where(left => left.Behind <= MostLoss).Select(left => left.Rule.Name).ToArray();
            return search.Tried.Where(t => !ReferenceEquals(t.Plan, made.Plan) && t.Plan.Sites.Count > 0 && t.Score!.Loss <= MostLoss * loss)
                .OrderBy(t => t.Score!.Loss).ToArray().Select(tried => Reached(() => search.Realize(tried)))
                .Concat(behind.Select(rule => Reached(() => search.Best(budget, rule)))).OfType<ExecutedPlan>();
        }

        return search.Rules.Where(r => r.Name != made.Plan.Rule).Select(rule => Reached(() => search.Best(budget, rule.Name))).OfType<ExecutedPlan>();
    }

    private static ExecutedPlan? Reached(Func<ExecutedPlan> make)
    {
        try
        {
            return make();
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.TimeLimitReached)
        {
            return null;
        }
    }
}
