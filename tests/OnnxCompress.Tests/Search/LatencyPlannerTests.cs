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
        var planner = new LatencyPlanner(PlanOf, plan => (slope * PromiseOf(plan)) + offset);

        var share = (slope * PromiseOf(planner.Plan(new Budget(KeepLatency: 0.6)))) + offset;

        Assert.InRange(share, 0.57, 0.6);
    }

    [Fact]
    public void A_budget_that_nodes_call_unreachable_may_be_reached_by_models()
    {
        CompressionPlan Allocate(Budget budget) => budget.KeepLatency < 0.65 ? throw Unreachable() : PlanOf(budget);

        var plan = new LatencyPlanner(Allocate, p => PromiseOf(p) - 0.1).Plan(new Budget(KeepLatency: 0.6));

        Assert.InRange(PromiseOf(plan), 0.65, 0.7);
    }

    [Fact]
    public void A_share_that_no_model_reaches_is_an_error_with_the_best_there_is()
    {
        CompressionPlan Allocate(Budget budget) => budget.KeepLatency < 0.8 ? throw Unreachable() : PlanOf(budget);

        var error = Assert.Throws<OnnxCompressException>(() => new LatencyPlanner(Allocate, PromiseOf).Plan(new Budget(KeepLatency: 0.6)));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, error.Diagnostic.Code);
        Assert.Contains("the fastest model that was found takes 8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_nothing_can_be_planned_for_stays_the_allocators_error()
    {
        var error = Assert.Throws<OnnxCompressException>(() => new LatencyPlanner(_ => throw Unreachable(), PromiseOf).Plan(new Budget(KeepLatency: 0.6)));

        Assert.Contains("nothing goes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lucky_measurement_is_not_believed()
    {
        var measured = 0;

        // The first look at any plan is far too good.
        var plan = new LatencyPlanner(PlanOf, p => measured++ == 0 ? 0.59 : PromiseOf(p) + 0.2).Plan(new Budget(KeepLatency: 0.6));

        Assert.InRange(PromiseOf(plan) + 0.2, 0.5, 0.6);
    }

    private static OnnxCompressException Unreachable() => new(DiagnosticCodes.BudgetOutOfReach, "nothing goes");

    private static CompressionPlan PlanOf(Budget budget) =>
        new("model", [new ChannelPlan("site", CompressionMethod.Interpolative, [0], 2, budget.KeepLatency!.Value, 0)]);

    private static double PromiseOf(CompressionPlan plan) => plan.Sites[0].PredictedError;
}
