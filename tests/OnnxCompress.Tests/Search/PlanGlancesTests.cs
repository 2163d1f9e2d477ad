using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Search;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Search;

/// <summary>Plans are compared on few samples first, and only those that may win are made from all.</summary>
public sealed class PlanGlancesTests
{
    private static readonly PlanRule[] Rules = [.. "abcde".Select(name => FakePlans.Rule($"{name}"))];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void What_is_far_behind_on_few_samples_is_not_made_from_all()
    {
        // On few samples all lose more, and the order of close ones changes.
        var plans = Plans(rule => rule switch { "b" => 0.40, "d" => 0.38, "c" => 0.5, _ => 0.8 }, plan => plan.Rule switch { "b" => 0.5, "d" => 0.54, "c" => 0.58, "a" => 0.7, _ => 9 });
        var search = Search(plans);

        var best = search.Best(Budget.None);

        Assert.Equal("d", best.Plan.Rule);
        Assert.Equal(["a", "b", "c", "d", "e"], plans.Glanced.Select(p => p.Rule));
        Assert.Equal(["b", "d"], plans.Executed.Select(p => p.Rule));
        Assert.Equal(["c", "a", "e"], search.LeftOut.Select(left => left.Rule.Name));
        Assert.Equal([1.16, 1.4, 18], search.LeftOut.Select(left => Math.Round(left.Behind, 9)));
        // No plan is made twice.
        Assert.Equal(Rules.Length, plans.Planned);
    }

    [Fact]
    public void Rules_that_come_to_the_same_plan_are_one()
    {
        var plans = new FakePlans((_, _) => FakePlans.Score(0.9, 0.5), Rules) { Few = _ => FakePlans.Score(0.9, 0.5), Errors = rule => rule.Name is "b" or "e" ? 1 : 2 };

        Search(plans).Best(Budget.None);

        Assert.Equal(["a", "b"], plans.Glanced.Select(p => p.Rule));
        Assert.Equal(["a", "b"], plans.Executed.Select(p => p.Rule));
    }

    [Fact]
    public void What_was_left_out_is_made_where_the_best_is_slower_than_the_original()
    {
        var plans = Plans(rule => rule == "a" ? 0.5 : 0.55, plan => plan.Rule switch { "a" => 0.5, "b" => 0.6, "c" => 0.7, _ => 0.61 });

        var made = new NotSlower(Search(plans), made => made.Plan.Rule is "a" or "b").Best(Budget.None);

        // Of those that do not lose a quarter more, the first that is not slower.
        Assert.Equal("d", made.Plan.Rule);
        Assert.Equal(["a", "b", "d"], plans.Executed.Select(p => p.Rule));
    }

    [Fact]
    public void Few_rules_are_made_at_once()
    {
        var plans = Plans(_ => 0.5, _ => 0.5, Rules[..2]);

        Search(plans).Best(Budget.None);

        Assert.Empty(plans.Glanced);
        Assert.Equal(2, plans.Executed.Count);
    }

    [Fact]
    public void A_budget_that_no_rule_meets_is_out_of_reach_and_planned_once()
    {
        var plans = new FakePlans((_, _) => null, Rules) { Few = _ => FakePlans.Score(1, 1) };

        var thrown = Assert.Throws<OnnxCompressException>(() => Search(plans).Best(Budget.None));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, thrown.Diagnostic.Code);
        Assert.Equal(Rules.Length, plans.Planned);
    }

    [Fact]
    public void A_short_time_has_one_plan_made_from_all_samples()
    {
        var clock = new ManualClock();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(9), clock, Token);
        var plans = new FakePlans(
            (_, _) =>
            {
                clock.Advance(1);
                return FakePlans.Score(0.9, 0.5);
            },
            Rules)
        {
            Few = plan => FakePlans.Score(0.9, plan.Rule == "b" ? 0.1 : 0.5),
        };

        var best = new PlanSearch(plans, plans, plans, new StageWatch(null), null, limit.Token) { Limit = limit }.Best(Budget.None);

        // Behind three glances of a second six more would not end in time.
        Assert.Equal(["a", "b", "c"], plans.Glanced.Select(p => p.Rule));
        Assert.Equal("b", best.Plan.Rule);
        Assert.True(limit.IsReached);
    }

    private static FakePlans Plans(Func<string, double> losses, Func<CompressionPlan, double> few, PlanRule[]? rules = null) =>
        new((_, rule) => FakePlans.Score(0.9, losses(rule.Name)), rules ?? Rules) { Few = plan => FakePlans.Score(0.9, few(plan)) };

    private static PlanSearch Search(FakePlans plans) => new(plans, plans, plans, new StageWatch(null), null, Token);
}
