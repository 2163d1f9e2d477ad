using OnnxCompress.Allocation;
using OnnxCompress.Search;

namespace OnnxCompress.Tests.Search;

public sealed class NotSlowerTests
{
    private static readonly Budget Half = new(KeepMacs: 0.5);

    private static readonly PlanRule[] Rules = [FakePlans.Rule("first"), FakePlans.Rule("second"), FakePlans.Rule("third")];

    [Fact]
    public void The_best_plan_stays_where_its_model_is_not_slower()
    {
        var plans = Plans(second: 0.6, third: 0.7);

        Assert.Equal("first", Best(plans, slower: []));
        Assert.Equal(3, plans.Executed.Count);
    }

    [Fact]
    public void A_slower_one_gives_way_to_the_next_best_that_is_not() => Assert.Equal("third", Best(Plans(second: 0.55, third: 0.6), slower: ["first", "second"]));

    [Fact]
    public void What_loses_far_more_does_not_take_its_place() => Assert.Equal("first", Best(Plans(second: 0.7, third: 0.8), slower: ["first"]));

    [Fact]
    public void Where_all_are_slower_the_best_stays() => Assert.Equal("first", Best(Plans(second: 0.55, third: 0.6), slower: ["first", "second", "third"]));

    [Fact]
    public void Without_a_judge_the_other_rules_are_tried_in_their_order()
    {
        var plans = new FakePlans((_, rule) => rule.Name == "second" ? null : FakePlans.Score(1, 1), Rules);

        Assert.Equal("third", Best(plans, slower: ["first"], judged: false));
    }

    private static FakePlans Plans(double second, double third) =>
        new((_, rule) => FakePlans.Score(0.9, rule.Name == "second" ? second : rule.Name == "third" ? third : 0.5), Rules);

    private static string Best(FakePlans plans, string[] slower, bool judged = true)
    {
        var search = new PlanSearch(plans, plans, judged ? plans : null, new StageWatch(null), null, TestContext.Current.CancellationToken);
        return new NotSlower(search, made => slower.Contains(made.Plan.Rule)).Best(Half).Plan.Rule;
    }
}
