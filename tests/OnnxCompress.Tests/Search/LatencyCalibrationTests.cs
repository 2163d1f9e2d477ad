using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Search;

public sealed class LatencyCalibrationTests
{
    private static readonly PlanRule Both = new("both", true, true, 1), Channels = new("channels", true, false, 1), Splits = new("splits", false, true, 1);

    private static readonly CompressionPlan Nothing = new("sha", []);

    [Fact]
    public void Channels_and_splits_are_measured_apart_and_what_removes_nothing_is_known()
    {
        var asked = new List<(string Rule, Budget Budget)>();

        var seen = Of((budget, rule) =>
        {
            asked.Add((rule.Name, budget));
            return Some(rule);
        }).Run(Nothing, isRewritten: false, [Both, Channels, Splits]);

        Assert.Equal(["channels", "channels", "splits", "splits"], asked.Select(a => a.Rule));
        Assert.All(asked, a => Assert.True(a.Budget.IsPredicted && a.Budget.KeepLatency is not null));
        Assert.Equal([1, 0.6, 0.6, 0.6, 0.6], seen.Select(s => s.Share));
    }

    [Fact]
    public void What_rewrites_do_for_a_model_of_which_nothing_is_removed_is_measured()
    {
        var seen = Of((_, rule) => Some(rule)).Run(Nothing, isRewritten: true, []);

        Assert.Equal([0.6], seen.Select(s => s.Share));
    }

    [Fact]
    public void A_share_that_channels_do_not_reach_is_left_out()
    {
        var seen = Of((budget, rule) => budget.KeepLatency < 0.5
            ? throw new OnnxCompressException(DiagnosticCodes.BudgetOutOfReach, "Too little is left.")
            : Some(rule)).Run(Nothing, isRewritten: false, [Channels]);

        Assert.Equal(2, seen.Count);
    }

    private static CompressionPlan Some(PlanRule rule) => new("sha", [new ChannelPlan("site", CompressionMethod.Interpolative, [0], 2, 0.1, 0)]) { Rule = rule.Name };

    private static LatencyCalibration Of(Func<Budget, PlanRule, CompressionPlan> allocate) => new(allocate, _ => 0.6, _ => new TimeParts(1, 1, 1));
}
