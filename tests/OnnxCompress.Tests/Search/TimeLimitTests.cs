using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Search;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Search;

/// <summary>A limit of time ends a search and decides nothing before that.</summary>
public sealed class TimeLimitTests
{
    private static readonly PlanRule[] Rules = [.. "abcde".Select(name => FakePlans.Rule($"{name}"))];

    private readonly ManualClock _clock = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, 5)]
    [InlineData(51, 5)]
    [InlineData(50, 4)]
    [InlineData(21, 2)]
    [InlineData(20, 1)]
    public void A_plan_that_would_not_end_in_time_is_not_begun(int? seconds, int tried)
    {
        using var limit = Limit(seconds);
        // The later the better, but for the last.
        var plans = Plans(limit, 10, (_, rule) => FakePlans.Score(0.9, rule.Name == "e" ? 1 : 1.0 / (1 + rule.Name[0] - 'a')));

        var best = Search(plans, limit).Best(Budget.None);

        Assert.Equal(Rules.Take(tried).Select(r => r.Name), plans.Executed.Select(p => p.Rule));
        Assert.Equal(Rules[Math.Min(tried, 4) - 1].Name, best.Plan.Rule);
        Assert.Equal(tried < 5, limit.IsReached);
    }

    [Fact]
    public void A_plan_that_does_not_end_in_time_is_stopped_and_the_best_so_far_is_taken()
    {
        using var limit = Limit(100);
        var plans = Plans(limit, 0, (_, rule) =>
        {
            _clock.Advance(rule.Name == "c" ? 1000 : 10);
            return FakePlans.Score(0.9, rule.Name == "b" ? 0.1 : 0.5);
        });

        Assert.Equal("b", Search(plans, limit).Best(Budget.None).Plan.Rule);
        Assert.Equal(["a", "b"], plans.Executed.Select(p => p.Rule));
        Assert.True(limit.IsReached);
        Assert.Equal((DiagnosticCodes.SearchCutShort, Severity.Warning), (limit.Warning.Code, limit.Warning.Severity));
        Assert.Contains("after 2 models", limit.Warning.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Moves_between_sites_end_too()
    {
        using var limit = Limit(75);
        var plans = Plans(limit, 10, (_, rule) => FakePlans.Score(0.9, 1 / rule.WeightOf("site")));

        var best = new PlanSearch(plans, plans, plans, new StageWatch(null), 1000, limit.Token) { Limit = limit }.Best(Budget.None);

        Assert.Equal(7, plans.Executed.Count);
        Assert.Same(plans.Executed[^1], best.Plan);
    }

    [Fact]
    public void Where_nothing_was_found_by_then_that_is_the_error()
    {
        using var limit = Limit(25);
        var plans = Plans(limit, 10, (_, _) => null);

        AssertFails(DiagnosticCodes.TimeLimitReached, "before a first model was made", () => Search(plans, limit).Best(Budget.None));
        Assert.Equal(DiagnosticCodes.TimeLimitReached, Assert.Throws<OnnxCompressException>(() => limit.Step(TimeLimit.Plan, () => 1)).Diagnostic.Code);
    }

    [Fact]
    public void A_run_that_is_cancelled_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        using var limit = new TimeLimit(TimeSpan.FromSeconds(10), _clock, stop.Token);
        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => limit.Step(TimeLimit.Plan, () =>
        {
            limit.Token.ThrowIfCancellationRequested();
            return 1;
        }));
        Assert.False(limit.IsReached);
    }

    [Theory]
    [InlineData(null, 7, 0.3)]
    [InlineData(1000, 7, 0.3)]
    [InlineData(37, 3, 0.375)]
    public void A_search_for_the_smallest_keeps_time_for_the_proof(int? seconds, int tried, double reached)
    {
        using var limit = Limit(seconds);
        var plans = Plans(limit, 9, (budget, _) => FakePlans.Score(budget.KeepMacs >= 0.3 ? 0.99 : 0.5, 1), Rules[0]);
        var guard = new Guard(() => _clock.Advance(20), accepts: true);

        var made = Goal(plans, guard, limit);

        Assert.Equal(tried, plans.Executed.Count);
        Assert.Equal(1, guard.Asked);
        Assert.InRange(made.Cost.Bytes / 1000.0, reached, reached + (1 / 128.0));
    }

    [Fact]
    public void What_the_guard_refuses_is_no_result_however_short_the_time()
    {
        using var limit = Limit(37);
        var plans = Plans(limit, 9, (_, _) => FakePlans.Score(0.99, 1), Rules[0]);
        var guard = new Guard(() => _clock.Advance(20), accepts: false);

        AssertFails(DiagnosticCodes.TimeLimitReached, "after 3 models, none of which", () => Goal(plans, guard, limit));
        Assert.Equal(1, guard.Asked);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1e6)]
    [InlineData(25.0)]
    [InlineData(0.0)]
    public void A_compression_says_that_it_was_cut_short_and_meets_its_budget(double? seconds)
    {
        var model = Network();
        CompressionResult Run(double? limit, int? trials = null) => new Compressor(new CpuBackend(1), ModelRunner.Runtime) { Clock = _clock }.Compress(
            model,
            new CompressionData(ModelRunner.Samples(model, count: 64), ModelRunner.Samples(model, count: 32, seed: 5)),
            new CompressionOptions { Budget = new(KeepMacs: 0.5), Precision = OnnxCompress.Forms.NumberForm.Float, TimeLimit = limit is { } s ? TimeSpan.FromSeconds(s) : null, Trials = trials },
            new Ticking(_clock, "compare", 10),
            Token);

        if (seconds == 0)
        {
            AssertFails(DiagnosticCodes.TimeLimitReached, "before a first model", () => Run(seconds));
            return;
        }

        var result = Run(seconds);

        // Two plans are compared in 25 seconds, at ten each.
        var same = Run(null, seconds == 25 ? 2 : null);
        Assert.Equal(same.Model.ContentHash(), result.Model.ContentHash());
        Assert.Equal(seconds == 25, result.Times.IsCutShort);
        Assert.Equal(seconds == 25, result.Diagnostics.Any(d => d.Code == DiagnosticCodes.SearchCutShort));
        Assert.Equal(seconds == 25, result.ToReport().Timing.LimitReached);
        Assert.True(result.Compressed.Macs <= 0.5 * result.Original.Macs);
    }

    private static OnnxModel Network()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 8);
        var hidden = builder.Relu("first.r", builder.Gemm("first", "x", 8, 32));
        hidden = builder.Relu("second.r", builder.Gemm("second", hidden, 32, 24));
        return builder.Output(builder.Gemm("third", hidden, 24, 5)).Build();
    }

    private static void AssertFails(string code, string part, Action run)
    {
        var thrown = Assert.Throws<OnnxCompressException>(run);
        Assert.Equal(code, thrown.Diagnostic.Code);
        Assert.Contains(part, thrown.Message, StringComparison.Ordinal);
    }

    private static PlanSearch Search(FakePlans plans, TimeLimit limit) => new(plans, plans, plans, new StageWatch(null), null, limit.Token) { Limit = limit };

    private static ExecutedPlan Goal(FakePlans plans, Guard guard, TimeLimit limit) =>
        new GoalSearch(Search(plans, limit), guard, new CompressionGoal(0.9, null) { Objective = CompressionObjective.Macs }, _ => false).Smallest(Token);

    private TimeLimit Limit(int? seconds) => new(seconds is { } s ? TimeSpan.FromSeconds(s) : null, _clock, Token);

    /// <summary>Plans that take their time and stop when they are told to.</summary>
    private FakePlans Plans(TimeLimit limit, double seconds, Func<Budget, PlanRule, PlanScore?> scores, params PlanRule[] rules) => new(
        (budget, rule) =>
        {
            _clock.Advance(seconds);
            var score = scores(budget, rule);
            limit.Token.ThrowIfCancellationRequested();
            return score;
        },
        rules.Length == 0 ? Rules : rules)
    {
        Bytes = budget => 1000 * (budget.KeepMacs ?? 1),
    };

    private sealed class Guard(Action look, bool accepts) : IPlanJudge
    {
        public int Asked { get; private set; }

        public PlanScore Score(OnnxModel compressed, CancellationToken cancellation)
        {
            Asked++;
            look();
            cancellation.ThrowIfCancellationRequested();
            return FakePlans.Score(accepts ? 0.99 : 0.1, 1);
        }
    }

    /// <summary>The clock goes on while a stage runs.</summary>
    private sealed class Ticking(ManualClock clock, string stage, double seconds) : IProgress<ProgressUpdate>
    {
        public void Report(ProgressUpdate value)
        {
            if (value.Stage == stage || value.Note == stage)
            {
                clock.Advance(seconds);
            }
        }
    }
}
