using OnnxCompress.Allocation;
using OnnxCompress.Timing;

namespace OnnxCompress.Search;

/// <summary>Plans by predicted costs, and by measured ones where time is limited.</summary>
/// <param name="untimed">Spreads budgets by what is counted.</param>
/// <param name="timed">Spreads them by times of layers, which are taken when they are first asked for: a search may end before.</param>
/// <param name="timeShare">The share of the original's time that the model of a plan takes, once and once more.</param>
/// <param name="weigh">What the finished model of a plan costs.</param>
/// <param name="original">What limits are shares of.</param>
/// <param name="watch">Times what it does.</param>
internal sealed class Planner(
    PlanAllocator untimed, Func<TimedPlans> timed, Func<CompressionPlan, bool, CancellationToken, double> timeShare, Func<CompressionPlan, CancellationToken, ModelCost> weigh, ModelCost original,
    StageWatch watch) : IPlanner
{
    private readonly Lazy<TimedPlans> _timed = new(timed, LazyThreadSafetyMode.None);

    // What whole models took over what their nodes predict: the next plan starts from there.
    private double? _scale;

    /// <summary>Bytes of the finished model for each that its plan counts: below 1 where weights are stored in 8 bits.</summary>
    public double ByteShare { get; init; } = 1;

    /// <summary>Whether layers are timed.</summary>
    public required bool IsTimed { get; init; }

    /// <inheritdoc />
    public required CompressionPlan Nothing { get; init; }

    /// <summary>What choices take in the runtime, measured when it is first asked for; null where time is not limited.</summary>
    public LatencyCost? Time => _timed.Value.Time;

    /// <inheritdoc />
    public IReadOnlyList<PlanRule> Rules => IsTimed ? PlanRule.Timed(untimed.Rules) : untimed.Rules;

    /// <inheritdoc />
    public ModelCost Original => original;

    /// <inheritdoc />
    public void Prepare() => _ = _timed.Value;

    /// <inheritdoc />
    public CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation)
    {
        var times = _timed.Value;
        var counted = Counted(times.Allocator, rule, cancellation);
        return watch.Time("allocate", () => budget.KeepLatency is null || budget.IsPredicted ? counted.Plan(budget) : Timed(counted, budget, times.WholeShare, cancellation));
    }

    /// <inheritdoc />
    public CompressionPlan Untimed(Budget budget, PlanRule rule, CancellationToken cancellation) =>
        watch.Time("allocate", () => Counted(untimed, rule, cancellation).Plan(budget));

    private CountedPlanner Counted(PlanAllocator allocator, PlanRule rule, CancellationToken cancellation) =>
        new((b, reserve) => allocator.Allocate(InFloats(b), rule, InFloats(reserve), cancellation), plan => weigh(plan, cancellation), original);

    /// <summary>A plan within a budget in which layers have numbers of their own: each weight counts as it will be stored.</summary>
    /// <param name="budget">The budget, of what can be counted.</param>
    /// <param name="rule">How it is spread.</param>
    /// <param name="forms">The numbers.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public CompressionPlan Plan(Budget budget, PlanRule rule, StoredForms forms, CancellationToken cancellation) => watch.Time("allocate", () => new CountedPlanner(
        (b, reserve) => untimed.Allocate(b, rule, reserve, cancellation, forms), plan => weigh(plan, cancellation), original).Plan(budget));

    private CompressionPlan Timed(CountedPlanner counted, Budget budget, double whole, CancellationToken cancellation)
    {
        var planner = new LatencyPlanner(counted.Plan, (plan, again) => timeShare(plan, again, cancellation), whole, _scale);
        var plan = planner.Plan(budget);
        _scale = planner.Scale;
        return plan;
    }

    // Plans are priced in floats; what of a limit the stored form saves is left to them.
    private Budget InFloats(Budget budget) => budget.KeepBytes is { } share ? budget with { KeepBytes = Math.Min(1, share / ByteShare) } : budget;

    private ModelCost InFloats(ModelCost reserve) => reserve with { Bytes = (long)(reserve.Bytes / ByteShare) };
}
