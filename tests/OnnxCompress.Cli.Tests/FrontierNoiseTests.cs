using OnnxCompress.Cli.Verbs;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Tests;

/// <summary>Which figures of explored models a number of samples can tell apart.</summary>
public sealed class FrontierNoiseTests
{
    private static ReportedFrontierPoint[] Of(params (double? Agreement, double Ms)[] models) =>
        [.. models.Select(model => new ReportedFrontierPoint(1, 1, 1, model.Ms, model.Agreement, 0.1))];

    [Fact]
    public void Neighbours_that_few_samples_cannot_tell_apart_are_marked_and_with_many_they_are_not()
    {
        var models = Of((0.99, 0.8), (0.97, 0.7), (0.6, 0.5));

        Assert.Equal([true, true, false], FrontierNoise.Mark(models, 1, 100).Select(point => point.IsAgreementNoise));
        Assert.Equal([false, false, false], FrontierNoise.Mark(models, 1, 5000).Select(point => point.IsAgreementNoise));
    }

    [Fact]
    public void Bounds_are_those_of_verify_and_times_near_the_originals_are_marked()
    {
        var marked = FrontierNoise.Mark(Of((1, 1.04), (null, 0.9)), 1, 50);

        // 0.05^(1/50), the exact bound where all decisions are the same.
        Assert.Equal(0.94184, marked[0].AgreementLower95!.Value, 1e-5);
        Assert.Null(marked[1].AgreementLower95);
        Assert.Equal([true, false], marked.Select(point => point.IsLatencyNoise));
        Assert.False(marked[1].IsAgreementNoise);
    }

    [Fact]
    public void Without_samples_or_times_nothing_is_said()
    {
        Assert.Null(FrontierNoise.Mark(Of((1, 1)), 1, 0)[0].AgreementLower95);
        Assert.False(FrontierNoise.Mark(Of((1, 1)), null, 10)[0].IsLatencyNoise);
    }
}
