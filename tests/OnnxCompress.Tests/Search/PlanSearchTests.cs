using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Search;

namespace OnnxCompress.Tests.Search;

public sealed class PlanSearchTests
{
    private static readonly PlanRule[] Rules = [FakePlans.Rule("first"), FakePlans.Rule("second"), FakePlans.Rule("third")];

    [Fact]
    public void The_rule_with_the_least_loss_wins_and_its_model_is_not_made_twice()
    {
        var plans = new FakePlans((_, rule) => FakePlans.Score(0.9, rule.Name == "second" ? 0.1 : 0.5), Rules);

        Assert.Equal("second", Search(plans).Best(Budget.None).Plan.Rule);
        Assert.Equal(["first", "second", "third"], plans.Executed.Select(p => p.Rule));
    }

    [Fact]
    public void A_later_rule_must_be_clearly_better()
    {
        var plans = new FakePlans((_, rule) => FakePlans.Score(0.9, rule.Name == "second" ? 0.49 : 0.5), Rules);

        Assert.Equal("first", Search(plans).Best(Budget.None).Plan.Rule);
    }

    [Theory]
    [InlineData(0.51, 0.9, "second")]
    [InlineData(0.51, 0.99, "first")]
    [InlineData(0.52, 0.5, "first")]
    [InlineData(0.48, 2, "second")]
    public void Of_plans_that_chance_may_tell_apart_the_faster_one_wins(double loss, double time, string winner)
    {
        var plans = new FakePlans((_, rule) => FakePlans.Score(0.9, rule.Name == "second" ? loss : 0.5), Rules) { Times = plan => plan.Rule == "second" ? time : 1 };

        Assert.Equal(winner, Search(plans).Best(Budget.None).Plan.Rule);
    }

    [Fact]
    public void Without_a_judge_the_first_rule_that_meets_the_budget_is_taken()
    {
        var plans = new FakePlans((_, rule) => rule.Name == "first" ? null : FakePlans.Score(1, 1), Rules);

        Assert.Equal("second", Search(plans, judged: false).Best(Budget.None).Plan.Rule);
        Assert.Single(plans.Executed);
    }

    [Fact]
    public void A_model_that_overflows_loses_to_any_other()
    {
        var plans = new FakePlans((_, _) => FakePlans.Score(0.2, 5), Rules) { Overflows = plan => plan.Rule == "first" };

        Assert.Equal("second", Search(plans).Best(Budget.None).Plan.Rule);
    }

    [Fact]
    public void A_budget_that_no_rule_meets_is_out_of_reach()
    {
        var thrown = Assert.Throws<OnnxCompressException>(() => Search(new FakePlans((_, _) => null, Rules)).Best(Budget.None));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, thrown.Diagnostic.Code);
    }

    [Fact]
    public void Trials_beyond_the_rules_move_the_budget_between_sites_and_the_best_is_returned()
    {
        // The heavier the site counts the better, so each move up wins.
        var plans = new FakePlans((_, rule) => FakePlans.Score(0.9, 1 / rule.WeightOf("site")), Rules);
        var search = Search(plans, trials: 6);

        var best = search.Best(Budget.None);

        Assert.Equal(6, plans.Executed.Count);
        Assert.Equal(search.Tried.MinBy(t => t.Score!.Loss)!.Plan, best.Plan);
        Assert.True(search.Tried.Min(t => t.Score!.Loss) < 0.6);
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.71)]
    public void The_smallest_accepted_model_is_found_to_a_128th(double least)
    {
        var budgets = new List<double>();
        var plans = new FakePlans(
            (budget, rule) =>
            {
                budgets.Add(budget.KeepMacs!.Value);
                return FakePlans.Score(budget.KeepMacs >= least ? 0.99 : 0.5, 1);
            },
            Rules[0]);

        var accepted = Search(plans).Smallest(new CompressionGoal(0.9, null) { Objective = CompressionObjective.Macs });

        // Where half loses far too much, one question is whether little does.
        Assert.Equal(least > 0.5 ? 8 : 7, budgets.Count);
        Assert.InRange(budgets.Where(b => b >= least).Min(), least, least + (1 / 128.0));
        Assert.Equal(budgets.Count(b => b >= least), accepted.Count);
    }

    [Fact]
    public void Where_the_least_cut_loses_far_too_much_the_larger_ones_are_not_tried()
    {
        var budgets = new List<double>();
        var plans = new FakePlans(
            (budget, rule) =>
            {
                budgets.Add(budget.KeepMacs!.Value);
                return FakePlans.Score(0.2, 1);
            },
            [.. Enumerable.Range(0, 5).Select(i => FakePlans.Rule($"{i}"))]);

        Assert.Empty(Search(plans).Smallest(new CompressionGoal(0.99, null) { Objective = CompressionObjective.Macs }));

        // By three rules each; halving alone would ask seven times.
        Assert.Equal([0.5, 0.9375, 1 - (1 / 128.0)], budgets.Distinct());
        Assert.Equal(9, budgets.Count);
    }

    [Theory]
    [InlineData(0.2)]
    [InlineData(0.55)]
    [InlineData(0.8)]
    [InlineData(0.94)]
    [InlineData(0.96)]
    [InlineData(0.99)]
    public void An_early_end_comes_to_what_asking_everywhere_comes_to(double least)
    {
        // Agreement falls with what is removed, and is near the goal around the smallest that meets it.
        PlanScore? Scored(Budget budget) => FakePlans.Score(Math.Clamp(0.99 + (2 * (budget.KeepMacs!.Value - least)), 0, 1), 1);
        var plans = new FakePlans((budget, _) => Scored(budget), Rules[0]);
        var goal = new CompressionGoal(0.99, null) { Objective = CompressionObjective.Macs };
        var search = Search(plans);

        search.Smallest(goal);

        Assert.Equal(least, search.Reached, 1 / 128.0);
        Assert.True(search.Reached >= least);
    }

    [Theory]
    [InlineData(0.5, false)]
    [InlineData(0.96, true)]
    [InlineData(1, true)]
    public void Layers_are_timed_only_where_little_removed_is_not_far_from_the_goal(double agreement, bool isTimed)
    {
        var plans = new FakePlans((_, _) => FakePlans.Score(0.999, 1), Rules) { Gentle = _ => FakePlans.Score(agreement, 1) };

        var accepted = Search(plans).Smallest(new CompressionGoal(0.99, null) { Objective = CompressionObjective.Latency });

        Assert.Equal(isTimed ? 1 : 0, plans.Prepared);
        Assert.Equal(isTimed ? 1 : 2, plans.Untimed.Count);
        // What removes nothing keeps everything.
        Assert.Equal(isTimed, accepted[^1].Plan.Sites.Count > 0);
    }

    [Fact]
    public void So_small_a_gain_of_time_that_measuring_does_not_tell_it_is_not_asked_for()
    {
        var shares = new List<double>();
        var plans = new FakePlans(
            (budget, _) =>
            {
                shares.AddRange(budget.KeepLatency is { } share ? [share] : []);
                return FakePlans.Score(0.97, 1);
            },
            Rules[0]);

        Assert.Empty(Search(plans).Smallest(new CompressionGoal(0.99, null) { Objective = CompressionObjective.Latency }));

        Assert.Equal([0.5, 0.75, 0.875, 0.9375, 0.96875], shares);
    }

    [Fact]
    public void Below_what_others_reach_one_question_says_whether_there_is_anything()
    {
        var budgets = new List<double>();
        var plans = new FakePlans(
            (budget, rule) =>
            {
                budgets.Add(budget.KeepMacs!.Value);
                return FakePlans.Score(0.5, 1);
            },
            Rules[0]);

        var accepted = Search(plans).Smallest(new CompressionGoal(0.9, null) { Objective = CompressionObjective.Macs, Range = (0, 0.5) });

        Assert.Empty(accepted);
        Assert.Equal(0.485, Assert.Single(budgets), 1e-9);
    }

    [Fact]
    public void Between_bounds_the_smallest_is_found_as_finely_as_a_gain_counts()
    {
        const double Least = 0.4;
        var budgets = new List<double>();
        var plans = new FakePlans(
            (budget, rule) =>
            {
                budgets.Add(budget.KeepMacs!.Value);
                return FakePlans.Score(budget.KeepMacs >= Least ? 0.99 : 0.5, 1);
            },
            Rules[0]);
        var search = Search(plans);

        Assert.NotEmpty(search.Smallest(new CompressionGoal(0.9, null) { Objective = CompressionObjective.Macs, Range = (0.2, 0.6) }));

        Assert.All(budgets, b => Assert.InRange(b, 0.2, 0.6));
        Assert.InRange(search.Reached, Least, 1.04 * Least);
        Assert.Equal(search.Reached, budgets.Where(b => b >= Least).Min());
    }

    [Theory]
    [InlineData(20, 0.2)]
    [InlineData(40, 0.4)]
    public void The_search_begins_at_the_smallest_plan_of_other_numbers_that_keeps_enough_in_these(int least, double reached)
    {
        var budgets = new List<double>();
        var plans = new FakePlans(
            (budget, rule) =>
            {
                budgets.Add(budget.KeepBytes!.Value);
                return FakePlans.Score(100 * budget.KeepBytes >= least ? 0.99 : 0.5, 1);
            },
            Rules[0])
        {
            Bytes = budget => 100 * budget.KeepBytes!.Value,
        };
        // In these numbers they take a tenth more than was thought.
        (CompressionPlan, double)[] starts = [.. ((double[])[0.22, 0.44, 0.55]).Select(share => (plans.Plan(new(KeepBytes: share), Rules[0], TestContext.Current.CancellationToken), share / 1.1))];
        budgets.Clear();
        var search = Search(plans);

        var accepted = search.Smallest(new CompressionGoal(0.9, null) { Objective = CompressionObjective.Bytes, Range = (0.1, 0.6), Starts = starts });

        Assert.InRange(search.Reached, reached, 1.04 * reached);
        Assert.Equal(accepted, search.Accepted);
        Assert.All(budgets, b => Assert.True(b < (least == 20 ? 0.22 : 0.44)));
        Assert.True(budgets.Count <= 5);
    }

    [Fact]
    public void Of_rules_that_come_as_far_the_one_that_loses_least_is_taken()
    {
        PlanRule[] rules = [.. Enumerable.Range(0, 3).Select(i => FakePlans.Rule($"{i}"))];
        var plans = new FakePlans((budget, rule) => FakePlans.Score(budget.KeepMacs > 0.5 ? 0.95 : 0.5, rule.Name == "2" ? 0.1 : 0.2), rules);

        var accepted = Search(plans).Smallest(new CompressionGoal(0.9, null) { Objective = CompressionObjective.Macs });

        Assert.Equal("2", accepted[0].Plan.Rule);
        Assert.All(accepted.Skip(1), a => Assert.Equal("0", a.Plan.Rule));
    }

    [Theory]
    [InlineData(0.4, 3)]
    [InlineData(0.85, 5)]
    public void Rules_are_left_out_only_where_those_before_them_are_all_far_from_the_goal(double agreement, int expected)
    {
        PlanRule[] rules = [.. Enumerable.Range(0, 5).Select(i => FakePlans.Rule($"{i}"))];
        var tried = new List<double>();
        var plans = new FakePlans(
            (budget, rule) =>
            {
                tried.Add(budget.KeepMacs!.Value);
                return FakePlans.Score(budget.KeepMacs > 0.5 ? 0.95 : rule.Name == "2" ? agreement : 0.2, 1);
            },
            rules);

        Search(plans).Smallest(new CompressionGoal(0.9, null) { Objective = CompressionObjective.Macs });

        Assert.Equal(expected, tried.Count(share => share == 0.5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_stages_report_in_a_round_is_the_note_of_the_round(bool judged)
    {
        var told = new List<ProgressUpdate>();
        var plans = new FakePlans((_, _) => FakePlans.Score(0.9, 0.5), Rules);
        var watch = new StageWatch(new Recorder(told));

        _ = new PlanSearch(plans, plans, judged ? plans : null, watch, null, TestContext.Current.CancellationToken).Best(Budget.None);
        watch.Time("conclude", () => 0);

        ProgressUpdate[] round = [new("search", 1, 3), new("search", 1, 3, "reconstruct 3 of 40"), new("search", 1, 3, "compare")];
        Assert.Equal(judged ? round : [], told.Where(t => t is { Stage: "search", Done: 1 }));
        Assert.Equal(judged ? [] : [new ProgressUpdate("reconstruct", 3, 40)], told.Where(t => t.Stage == "reconstruct"));
        Assert.Equal(new ProgressUpdate("conclude", 0, 0), told[^1]);
        Assert.Equal(judged, told.Contains(new("search", 3, 3, null)));
    }

    private sealed class Recorder(List<ProgressUpdate> told) : IProgress<ProgressUpdate>
    {
        public void Report(ProgressUpdate value) => told.Add(value);
    }

    private static PlanSearch Search(FakePlans plans, bool judged = true, int? trials = null) =>
        new(plans, plans, judged ? plans : null, new StageWatch(null), trials, TestContext.Current.CancellationToken);
}
