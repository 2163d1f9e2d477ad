using OnnxCompress.Allocation;
using OnnxCompress.Timing;

namespace OnnxCompress.Search;

/// <summary>Plans by predicted costs, and by measured ones where time is limited.</summary>
/// <param name="allocator">Spreads budgets.</param>
/// <param name="timeShare">The share of the original's time that the model of a plan takes, once and once more.</param>
/// <param name="weigh">What the finished model of a plan costs.</param>
/// <param name="original">What limits are shares of.</param>
/// <param name="watch">Times what it does.</param>
internal sealed class Planner(
    PlanAllocator allocator, Func<CompressionPlan, bool, CancellationToken, double> timeShare, Func<CompressionPlan, CancellationToken, ModelCost> weigh, ModelCost original,
    StageWatch watch) : IPlanner
{
    // What whole models took over what their nodes predict: the next plan starts from there.
    private double? _scale;

    /// <summary>What choices take in the runtime; null where time is not limited.</summary>
    public LatencyCost? Time { get; init; }

    /// <summary>The share of the original's time that a model takes of which nothing is removed.</summary>
    public double WholeShare { get; init; } = 1;

    /// <summary>Bytes of the finished model for each that its plan counts: below 1 where weights are stored in 8 bits.</summary>
    public double ByteShare { get; init; } = 1;

    /// <inheritdoc />
    public IReadOnlyList<PlanRule> Rules => allocator.Rules;

    /// <inheritdoc />
    public ModelCost Original => original;

    /// <inheritdoc />
    public CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation)
    {
        var counted = new CountedPlanner((b, reserve) => allocator.Allocate(InFloats(b), rule, InFloats(reserve), cancellation), plan => weigh(plan, cancellation), original);
        return watch.Time("allocate", () => budget.KeepLatency is null || budget.IsPredicted ? counted.Plan(budget) : Timed(counted, budget, cancellation));
    }

    /// <summary>A plan within a budget in which layers have numbers of their own: each weight counts as it will be stored.</summary>
    /// <param name="budget">The budget, of what can be counted.</param>
    /// <param name="rule">How it is spread.</param>
    /// <param name="forms">The numbers.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public CompressionPlan Plan(Budget budget, PlanRule rule, StoredForms forms, CancellationToken cancellation) => watch.Time("allocate", () => new CountedPlanner(
        (b, reserve) => allocator.Allocate(b, rule, reserve, cancellation, forms), plan => weigh(plan, cancellation), original).Plan(budget));

    private CompressionPlan Timed(CountedPlanner counted, Budget budget, CancellationToken cancellation)
    {
        var planner = new LatencyPlanner(counted.Plan, (plan, again) => timeShare(plan, again, cancellation), WholeShare, _scale);
        var plan = planner.Plan(budget);
        _scale = planner.Scale;
        return plan;
    }

    // Plans are priced in floats; what of a limit the stored form saves is left to them.
    private Budget InFloats(Budget budget) => budget.KeepBytes is { } share ? budget with { KeepBytes = Math.Min(1, share / ByteShare) } : budget;

    private ModelCost InFloats(ModelCost reserve) => reserve with { Bytes = (long)(reserve.Bytes / ByteShare) };
}
