using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Search;
using OnnxCompress.Selection;

namespace OnnxCompress.Tests.Search;

public sealed class LatencyPlannerTests
{
    [Theory]
    [InlineData(1.0, 0.0)]
    [InlineData(0.7, 0.3)]
    [InlineData(1.3, 0.05)]
    [InlineData(0.9, -0.1)]
    public void The_measured_share_is_the_one_that_is_asked_for(double slope, double offset)
    {
        // Nodes promise a share; whole models take another.
        var planner = new LatencyPlanner(PlanOf, (plan, _) => (slope * PromiseOf(plan)) + offset);

        var share = (slope * PromiseOf(planner.Plan(new Budget(KeepLatency: 0.6)))) + offset;

        Assert.InRange(share, 0.57, 0.6);
    }

    [Fact]
    public void Where_nothing_removed_takes_half_the_time_little_is_removed_to_reach_less()
    {
        var planner = new LatencyPlanner(PlanOf, (plan, _) => 0.3 + (0.2 * PromiseOf(plan)), whole: 0.5);

        var promise = PromiseOf(planner.Plan(new Budget(KeepLatency: 0.45)));

        // 0.75 takes 0.45; what takes 0.02 less is near enough.
        Assert.InRange(promise, 0.65, 0.75);
    }

    [Fact]
    public void A_budget_that_nodes_call_unreachable_may_be_reached_by_models()
    {
        CompressionPlan Allocate(Budget budget) => budget.KeepLatency < 0.65 ? throw Unreachable() : PlanOf(budget);

        var plan = new LatencyPlanner(Allocate, (p, _) => PromiseOf(p) - 0.1).Plan(new Budget(KeepLatency: 0.6));

        Assert.InRange(PromiseOf(plan), 0.65, 0.7);
    }

    [Fact]
    public void A_share_that_no_model_reaches_is_an_error_with_the_best_there_is()
    {
        CompressionPlan Allocate(Budget budget) => budget.KeepLatency < 0.8 ? throw Unreachable() : PlanOf(budget);

        var error = Assert.Throws<OnnxCompressException>(() => new LatencyPlanner(Allocate, (p, _) => PromiseOf(p)).Plan(new Budget(KeepLatency: 0.6)));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, error.Diagnostic.Code);
        Assert.Contains("the fastest model that was found takes 8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_nothing_can_be_planned_for_stays_the_allocators_error()
    {
        var error = Assert.Throws<OnnxCompressException>(() => new LatencyPlanner(_ => throw Unreachable(), (p, _) => PromiseOf(p)).Plan(new Budget(KeepLatency: 0.6)));

        Assert.Contains("nothing goes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lucky_measurement_is_not_believed()
    {
        var measured = 0;

        // The first look at any plan is far too good.
        var plan = new LatencyPlanner(PlanOf, (p, _) => measured++ == 0 ? 0.59 : PromiseOf(p) + 0.2).Plan(new Budget(KeepLatency: 0.6));

        Assert.InRange(PromiseOf(plan) + 0.2, 0.5, 0.6);
    }

    [Theory]
    [InlineData(1.0, 0.0)]
    [InlineData(0.7, 0.3)]
    [InlineData(1.4, -0.3)]
    public void A_few_models_are_measured(double slope, double offset)
    {
        var measured = 0;

        var planner = new LatencyPlanner(PlanOf, (p, _) =>
        {
            measured++;
            return (slope * PromiseOf(p)) + offset;
        });
        planner.Plan(new Budget(KeepLatency: 0.6));

        // The one that is taken counts twice.
        Assert.InRange(measured, 2, 4);
    }

    [Fact]
    public void What_one_plan_has_shown_is_where_the_next_starts()
    {
        var asked = new List<double>();
        LatencyPlanner Planner(double start) => new(
            budget =>
            {
                asked.Add(budget.KeepLatency!.Value);
                return PlanOf(budget);
            },
            (p, _) => 1.3 * PromiseOf(p),
            start);
        var first = Planner(1);
        first.Plan(new Budget(KeepLatency: 0.6));
        asked.Clear();

        Planner(first.Scale).Plan(new Budget(KeepLatency: 0.6));

        Assert.Single(asked);
    }

    [Fact]
    public void A_model_that_leaves_much_of_its_time_is_given_more()
    {
        // Where nodes promise .6 the model takes .4: channels would go for nothing.
        var plan = new LatencyPlanner(PlanOf, (p, _) => PromiseOf(p) * PromiseOf(p) * 1.1).Plan(new Budget(KeepLatency: 0.6));

        Assert.InRange(PromiseOf(plan) * PromiseOf(plan) * 1.1, 0.58, 0.6);
    }

    private static OnnxCompressException Unreachable() => new(DiagnosticCodes.BudgetOutOfReach, "nothing goes");

    private static CompressionPlan PlanOf(Budget budget) =>
        new("model", [new ChannelPlan("site", CompressionMethod.Interpolative, [0], 2, budget.KeepLatency!.Value, 0)]);

    private static double PromiseOf(CompressionPlan plan) => plan.Sites[0].PredictedError;
}
