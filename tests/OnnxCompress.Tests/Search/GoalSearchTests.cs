using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Search;

namespace OnnxCompress.Tests.Search;

public sealed class GoalSearchTests
{
    private static readonly PlanRule Rule = FakePlans.Rule("only");

    [Fact]
    public void Without_samples_to_judge_on_nothing_is_searched()
    {
        var search = new PlanSearch(Plans(0.5), Plans(0.5), null, new StageWatch(null), null, TestContext.Current.CancellationToken);

        AssertFails(DiagnosticCodes.NothingToSearchOn, () => new GoalSearch(search, null, new CompressionGoal(0.9, null), _ => false).Smallest(TestContext.Current.CancellationToken));
    }

    [Fact]
    public void The_guard_is_asked_once_where_it_agrees()
    {
        var guard = new Guard(accepts: _ => true);

        Smallest(Plans(0.5), guard);

        Assert.Equal(1, guard.Asked);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 4, 4)]
    [InlineData(20, 32, 4)]
    [InlineData(50, 64, 4)]
    public void Where_the_guard_says_no_the_smallest_that_it_accepts_is_found_in_few_questions(long least, long expected, int questions)
    {
        // Validation samples accept seven models, each twice as large as the one before.
        var plans = new FakePlans((budget, _) => FakePlans.Score(budget.KeepBytes is null ? 0.99 : 0.1, 1), Rule) { Bytes = budget => 128 * budget.KeepLatency!.Value };
        var guard = new Guard(_ => true) { Sizes = (plans, least) };

        var made = Smallest(plans, guard);

        Assert.Equal((expected, questions), (made.Cost.Bytes, guard.Asked));
    }

    [Fact]
    public void A_guard_that_accepts_nothing_is_asked_four_times()
    {
        var never = new Guard(accepts: _ => false);

        AssertFails(DiagnosticCodes.GoalNotReached, () => Smallest(Plans(0), never));

        Assert.Equal(4, never.Asked);
    }

    [Fact]
    public void The_cautious_figure_decides_unless_the_data_are_unseen()
    {
        // Plain agreement would accept everything, caution nothing.
        FakePlans Clear() => new((_, _) => new PlanScore(1, 0.5, 0, 0), Rule);
        var unsure = new Guard(_ => true) { Cautious = 0.5 };

        AssertFails(DiagnosticCodes.GoalNotReached, () => Smallest(Clear(), new Guard(_ => true)));
        AssertFails(DiagnosticCodes.GoalNotReached, () => Smallest(Plans(0.5), unsure));
        Assert.NotNull(Smallest(Clear(), unsure, isUnseen: true));
    }

    [Theory]
    [InlineData(1, 0.95, 0, false, true)]
    [InlineData(1, 0.85, 0, false, false)]
    [InlineData(0.95, 0.85, 0, true, true)]
    [InlineData(0.95, 0.95, 0.2, true, false)]
    public void A_goal_holds_caution_unless_the_data_are_unseen_and_the_error_always(double agreement, double cautious, double error, bool isUnseen, bool expected) =>
        Assert.Equal(expected, new CompressionGoal(0.9, 0.1) { IsUnseen = isUnseen }.Accepts(new PlanScore(agreement, cautious, error, 0)));

    [Theory]
    [InlineData(CompressionObjective.Latency, 0.5, null, null, null)]
    [InlineData(CompressionObjective.Bytes, null, 0.5, null, null)]
    [InlineData(CompressionObjective.Macs, null, null, 0.5, null)]
    [InlineData(CompressionObjective.Parameters, null, null, null, 0.5)]
    public void What_is_halved_is_what_is_made_small(CompressionObjective objective, double? latency, double? bytes, double? macs, double? parameters)
    {
        var budgets = new List<Budget>();
        var plans = new FakePlans(
            (budget, _) =>
            {
                budgets.Add(budget);
                return FakePlans.Score(0.99, 1);
            },
            Rule);
        var search = new PlanSearch(plans, plans, plans, new StageWatch(null), null, TestContext.Current.CancellationToken);

        new GoalSearch(search, null, new CompressionGoal(0.9, null) { Objective = objective }, _ => false).Smallest(TestContext.Current.CancellationToken);

        Assert.Equal((latency, bytes, macs, parameters), (budgets[0].KeepLatency, budgets[0].KeepBytes, budgets[0].KeepMacs, budgets[0].KeepParameters));
        Assert.Equal(objective == CompressionObjective.Latency, budgets[0].IsPredicted);
    }

    [Fact]
    public void Time_is_what_is_made_small_where_nothing_is_said() => Assert.Equal(CompressionObjective.Latency, new CompressionGoal(0.9, null).Objective);

    [Fact]
    public void Within_the_time_that_was_found_bytes_are_made_small()
    {
        // A time of .5 keeps enough, with as few as .45 of the bytes.
        var plans = new FakePlans((budget, _) => FakePlans.Score(budget.KeepLatency >= 0.5 && !(budget.KeepBytes < 0.45) ? 0.99 : 0.85, 1), Rule)
        {
            Bytes = budget => 100 * (budget.KeepBytes ?? 0.9),
        };

        var made = Smallest(plans, new Guard(_ => true));

        // Of .9 an eighth is as fine as bytes are looked at.
        Assert.InRange(made.Cost.Bytes, 45, 45 + (90 / 8));
    }

    [Fact]
    public void A_model_that_is_slower_as_a_whole_gives_way_to_the_next_larger_one()
    {
        var seen = new List<ExecutedPlan>();

        var made = Smallest(Plans(0.2), new Guard(_ => true), isSlower: m =>
        {
            seen.Add(m);
            return seen.Count == 1;
        });

        Assert.NotSame(seen[0], made);
        Assert.Same(seen[^1], made);
    }

    [Fact]
    public void Where_all_are_slower_the_smallest_stays()
    {
        var seen = new List<ExecutedPlan>();

        var made = Smallest(Plans(0.2), new Guard(_ => true), isSlower: m =>
        {
            seen.Add(m);
            return true;
        });

        Assert.Same(seen[0], made);
    }

    private static FakePlans Plans(double least) => new((budget, _) => FakePlans.Score(budget.KeepLatency >= least && budget.KeepBytes is null ? 0.99 : 0.1, 1), Rule);

    private static ExecutedPlan Smallest(FakePlans plans, Guard guard, bool isUnseen = false, Func<ExecutedPlan, bool>? isSlower = null) =>
        new GoalSearch(
            new PlanSearch(plans, plans, plans, new StageWatch(null), null, TestContext.Current.CancellationToken), guard, new CompressionGoal(0.9, null) { IsUnseen = isUnseen }, isSlower ?? (_ => false))
            .Smallest(TestContext.Current.CancellationToken);

    private static void AssertFails(string code, Action search) => Assert.Equal(code, Assert.Throws<OnnxCompressException>(search).Diagnostic.Code);

    private sealed class Guard(Func<int, bool> accepts) : IPlanJudge
    {
        public int Asked { get; private set; }

        public double? Cautious { get; init; }

        /// <summary>Smaller models are not accepted.</summary>
        public (FakePlans Plans, long Least)? Sizes { get; init; }

        public PlanScore Score(OnnxModel compressed, CancellationToken cancellation)
        {
            var agreement = accepts(++Asked) && !(Sizes is { } sizes && sizes.Plans.BytesOf(compressed) < sizes.Least) ? 0.95 : 0.85;
            return new(agreement, Cautious ?? agreement, 0, 0);
        }
    }
}
