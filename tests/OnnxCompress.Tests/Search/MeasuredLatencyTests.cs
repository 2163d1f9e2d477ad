using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Search;

namespace OnnxCompress.Tests.Search;

public sealed class MeasuredLatencyTests
{
    private static readonly PlanRule Rule = FakePlans.Rule("only");

    [Fact]
    public void A_model_that_takes_its_share_is_not_looked_for_again()
    {
        var asked = new List<double>();

        Best(asked, _ => 0.61);

        Assert.Equal([0.6], asked);
    }

    [Fact]
    public void A_budget_that_is_missed_is_asked_for_as_much_lower()
    {
        var asked = new List<double>();

        // What the search took for .6 takes .72 when it is looked at for longer.
        Best(asked, share => 1.2 * share);

        Assert.Equal(2, asked.Count);
        Assert.Equal(0.59 / 1.2, asked[1], 12);
    }

    [Fact]
    public void Corrections_come_to_an_end_with_the_fastest_model()
    {
        var asked = new List<double>();

        var made = Best(asked, share => share == 0.6 ? 0.7 : share < 0.5 ? 0.68 : 0.65);

        Assert.Equal(3, asked.Count);
        Assert.Equal(asked[1], made.Time);
    }

    [Fact]
    public void A_model_that_leaves_much_of_its_time_is_looked_for_again()
    {
        var asked = new List<double>();

        var made = Best(asked, share => 0.8 * share);

        Assert.Equal(0.59 / 0.8, asked[1], 12);
        Assert.Equal(asked[1], made.Time);
    }

    [Fact]
    public void Where_nothing_faster_is_found_the_first_model_stays()
    {
        var asked = new List<double>();

        var made = Best(asked, _ => 0.7, least: 0.6);

        Assert.Equal((0.6, 2), (made.Time, asked.Count));
    }

    private static ExecutedPlan Best(List<double> asked, Func<double, double> measured, double least = 0)
    {
        var plans = new FakePlans((_, _) => FakePlans.Score(1, 0), Rule);
        ExecutedPlan Find(Budget budget, string? rule)
        {
            // What is looked for again is looked for by the rule that won.
            Assert.Equal(asked.Count == 0 ? null : "only", rule);
            asked.Add(budget.KeepLatency!.Value);
            return budget.KeepLatency < least
                ? throw new OnnxCompressException(DiagnosticCodes.BudgetOutOfReach, "nothing goes")
                : plans.Execute(plans.Plan(budget, Rule, TestContext.Current.CancellationToken), null, TestContext.Current.CancellationToken) with { Time = asked[^1] };
        }

        return new MeasuredLatency(Find, _ => measured(asked[^1])).Best(new Budget(KeepLatency: 0.6));
    }
}
