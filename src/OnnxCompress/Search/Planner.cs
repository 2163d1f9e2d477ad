using OnnxCompress.Allocation;

namespace OnnxCompress.Search;

/// <summary>Plans by predicted costs, and by measured ones where time is limited.</summary>
/// <param name="allocator">Spreads budgets.</param>
/// <param name="timeShare">The share of the original's time that the model of a plan takes.</param>
/// <param name="watch">Times what it does.</param>
internal sealed class Planner(PlanAllocator allocator, Func<CompressionPlan, CancellationToken, double> timeShare, StageWatch watch) : IPlanner
{
    /// <inheritdoc />
    public IReadOnlyList<PlanRule> Rules => allocator.Rules;

    /// <inheritdoc />
    public CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation) => watch.Time("allocate", () => budget.KeepLatency is null
        ? allocator.Allocate(budget, rule, cancellation)
        : new LatencyPlanner(b => allocator.Allocate(b, rule, cancellation), plan => timeShare(plan, cancellation)).Plan(budget));
}
