using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Search;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Search;

public sealed class FrontierSearchTests
{
    private static readonly Budget[] Budgets = [new(KeepMacs: 0.9), new(KeepMacs: 0.5), new(KeepMacs: 0.1)];

    [Fact]
    public void Budgets_that_cannot_be_met_are_left_out_and_the_others_keep_their_order()
    {
        var plans = new FakePlans((budget, _) => budget.KeepMacs < 0.3 ? null : FakePlans.Score(budget.KeepMacs!.Value, 1), FakePlans.Rule("first"), FakePlans.Rule("second"));

        var points = Explore(plans);

        Assert.Equal([0.9, 0.5], points.Select(p => p.Budget.KeepMacs!.Value));
        Assert.Equal([0.9, 0.5], points.Select(p => p.Agreement!.Value));
        Assert.All(plans.Executed, plan => Assert.Equal("first", plan.Rule));
    }

    [Fact]
    public void A_model_that_overflows_is_no_point_of_the_frontier()
    {
        var made = 0;
        var plans = new FakePlans((_, _) => FakePlans.Score(1, 1), FakePlans.Rule("only")) { Overflows = _ => ++made == 2 };

        Assert.Equal([0.9, 0.1], Explore(plans).Select(p => p.Budget.KeepMacs!.Value));
    }

    [Theory]
    [InlineData(35, 3)]
    [InlineData(30, 2)]
    [InlineData(10, 1)]
    public void What_was_made_by_the_time_limit_is_shown(int seconds, int shown)
    {
        var clock = new ManualClock();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(seconds), clock, TestContext.Current.CancellationToken);
        var plans = new FakePlans(
            (budget, _) =>
            {
                clock.Advance(10);
                return FakePlans.Score(budget.KeepMacs!.Value, 1);
            },
            FakePlans.Rule("only"));

        var points = new FrontierSearch(plans, plans, plans, new StageWatch(null), _ => new LatencyComparison(1, 1, 1, 1, 1)) { Limit = limit }
            .Explore(Budgets, TestContext.Current.CancellationToken);

        Assert.Equal(((double[])[0.9, 0.5, 0.1])[..shown], points.Select(p => p.Budget.KeepMacs!.Value));
        Assert.Equal(shown < 3, limit.IsReached);
        Assert.Equal(DiagnosticCodes.SearchCutShort, limit.NotAllShown.Code);
    }

    private static IReadOnlyList<ExploredModel> Explore(FakePlans plans) =>
        new FrontierSearch(plans, plans, plans, new StageWatch(null), _ => new LatencyComparison(1, 1, 1, 1, 1)).Explore(Budgets, TestContext.Current.CancellationToken);
}
