using OnnxCompress.Allocation;

namespace OnnxCompress.Search;

/// <summary>Plans by predicted costs, and by measured ones where time is limited.</summary>
/// <param name="allocator">Spreads budgets.</param>
/// <param name="timeShare">The share of the original's time that the model of a plan takes.</param>
/// <param name="weigh">What the finished model of a plan costs.</param>
/// <param name="original">What limits are shares of.</param>
/// <param name="watch">Times what it does.</param>
internal sealed class Planner(
    PlanAllocator allocator, Func<CompressionPlan, CancellationToken, double> timeShare, Func<CompressionPlan, CancellationToken, ModelCost> weigh, ModelCost original,
    StageWatch watch) : IPlanner
{
    /// <inheritdoc />
    public IReadOnlyList<PlanRule> Rules => allocator.Rules;

    /// <inheritdoc />
    public CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation)
    {
        var counted = new CountedPlanner((b, reserve) => allocator.Allocate(b, rule, reserve, cancellation), plan => weigh(plan, cancellation), original);
        return watch.Time("allocate", () => budget.KeepLatency is null || budget.IsPredicted
            ? counted.Plan(budget)
            : new LatencyPlanner(counted.Plan, plan => timeShare(plan, cancellation)).Plan(budget));
    }
}
