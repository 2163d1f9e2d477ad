using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Finds a plan whose finished model holds its budget. Allocation prices weights; what the finished model has beyond them
/// (biases that least squares adds, names of new nodes) is counted on that model, and as much of the budget is left free.
/// </summary>
/// <param name="allocate">A plan for a budget, of which some is left free.</param>
/// <param name="weigh">What the finished model of a plan costs at most.</param>
/// <param name="original">What limits are shares of.</param>
internal sealed class CountedPlanner(Func<Budget, ModelCost, CompressionPlan> allocate, Func<CompressionPlan, ModelCost> weigh, ModelCost original)
{
    /// <summary>What is beyond a smaller plan is less, so that the second plan nearly always fits.</summary>
    private const int MostSteps = 12;

    /// <summary>The plan.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public CompressionPlan Plan(Budget budget)
    {
        var reserve = ModelCost.None;
        if (!budget.IsCounted)
        {
            return allocate(budget, reserve);
        }

        var (known, excess, more) = ((string?)null, ModelCost.None, ModelCost.None);
        for (var step = 0; step < MostSteps; step++)
        {
            var plan = allocate(budget, reserve);
            var text = plan.ToText();
            // Widths and ranks come in steps: a little less is often the same plan, which is weighed once.
            (excess, more) = text == known ? (excess, more.Plus(more)) : (budget.Excess(weigh(plan), original), ModelCost.None);
            if (excess == ModelCost.None)
            {
                return plan;
            }

            more = more == ModelCost.None ? excess : more;
            (known, reserve) = (text, reserve.Plus(more));
        }

        throw new OnnxCompressException(
            DiagnosticCodes.BudgetOutOfReach,
            "The finished model exceeds the budget however small its weights are; ask for less, or see with 'inspect' what is refused.");
    }
}
