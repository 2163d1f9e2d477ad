using OnnxCompress.Search;

namespace OnnxCompress.Tests.Search;

/// <summary>Losses of few samples are told apart only where chance does not.</summary>
public sealed class PlanScoreTests
{
    [Theory]
    [InlineData(0.004, 0.004, true)]
    [InlineData(0.004, 0.006, true)]
    [InlineData(0.004, 0.010, false)]
    [InlineData(0.006, 0.004, true)]
    [InlineData(0, 0.001, true)]
    [InlineData(0, 0.003, false)]
    public void A_loss_counts_from_where_few_decisions_tell_it_apart(double least, double loss, bool isAsGood)
    {
        PlanScore Of(double value) => new(1, 1, 0, value) { Decisions = 500 };

        // Losses of 2 and 3 decisions in 500 differ by less than the root of 5.
        Assert.Equal(isAsGood, Of(loss).IsAsGoodAs(Of(least)));
    }

    [Fact]
    public void Of_many_decisions_smaller_differences_are_told()
    {
        PlanScore Of(double value, long decisions) => new(1, 1, 0, value) { Decisions = decisions };

        Assert.True(Of(0.006, 500).IsAsGoodAs(Of(0.004, 500)));
        Assert.False(Of(0.006, 50_000).IsAsGoodAs(Of(0.004, 50_000)));
        // A judge says nothing of how many it has seen.
        Assert.False(Of(0.006, 0).IsAsGoodAs(Of(0.004, 0)));
    }
}
