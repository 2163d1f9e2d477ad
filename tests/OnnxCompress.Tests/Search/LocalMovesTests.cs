using OnnxCompress.Allocation;
using OnnxCompress.Search;
using OnnxCompress.Selection;

namespace OnnxCompress.Tests.Search;

public sealed class LocalMovesTests
{
    private static readonly PlanRule Rule = new("one level", true, true, 1);

    private static readonly string[] Names = ["a", "b", "c"];

    private int _attempts;

    [Fact]
    public void The_sites_that_the_network_minds_most_end_with_the_largest_weights()
    {
        var best = Improve(60, weights => Distance(weights, ("a", 1), ("b", 2), ("c", 0.5)));

        Assert.True(best.Score!.Loss < 0.1, $"{best.Score.Loss}");
        Assert.InRange(_attempts, 1, 60);
    }

    [Fact]
    public void No_more_models_are_carried_out_than_allowed()
    {
        Improve(4, weights => Distance(weights, ("a", 50), ("b", 50), ("c", 50)));

        Assert.Equal(4, _attempts);
    }

    [Fact]
    public void Where_nothing_helps_the_start_stays_and_the_search_ends()
    {
        var best = Improve(1000, weights => weights.Count == 0 ? 0 : 1);

        Assert.Equal(0, best.Score!.Loss);
        Assert.Equal(2 * Names.Length, _attempts);
    }

    [Fact]
    public void Moves_that_the_budget_forbids_are_passed_over() => Assert.Equal(1, Improve(20, weights => weights.Count == 0 ? 1 : null).Score!.Loss);

    private static double Distance(IReadOnlyDictionary<string, double> weights, params (string Site, double Wanted)[] wanted) =>
        wanted.Sum(w => Math.Pow(Math.Log(weights.GetValueOrDefault(w.Site, 1) / w.Wanted), 2));

    private ScoredPlan Improve(int evaluations, Func<IReadOnlyDictionary<string, double>, double?> loss)
    {
        ScoredPlan? Attempt(PlanRule rule)
        {
            _attempts++;
            return loss(rule.Weights) is { } value ? Scored(value) : null;
        }

        return new LocalMoves(Attempt).Improve(Scored(loss(Rule.Weights)!.Value), Rule, evaluations);
    }

    private static ScoredPlan Scored(double loss)
    {
        var plan = new CompressionPlan("model", [.. Names.Select((n, i) => new ChannelPlan(n, CompressionMethod.Interpolative, [0], 2, 0.1 * i, 0))]);
        return new ScoredPlan(plan, new PlanScore(1, 1, loss, loss));
    }
}
