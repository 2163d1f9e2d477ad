using OnnxCompress.Allocation;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Allocation;

public sealed class PricedWidthsTests
{
    private const int Channels = 64;

    /// <summary>Each channel that goes adds as much error as the one before.</summary>
    private static readonly double[] Linear = [.. Enumerable.Range(0, Channels + 1).Select(k => 1 - ((double)k / Channels))];

    [Fact]
    public void A_group_that_saves_more_becomes_narrower()
    {
        var widths = new[] { 0.1, 1, 10 }.Select(price => Widths(price).Choose(level: 0.3, unit: Channels)).ToArray();

        Assert.True(widths[0] > widths[1] && widths[1] > widths[2], string.Join(", ", widths));
    }

    // The errors fall by 1/64 with each channel, so that e^2.5 + level^2.5 * (1 - e) is least where 2.5 e^1.5 = level^2.5:
    // at 0.2 for e = 0.0371, which is 61.6 channels; at 0.5 for e = 0.171, 53.1; at 1 for e = 0.543, 29.3.
    [Theory]
    [InlineData(0.2, 62)]
    [InlineData(0.5, 53)]
    [InlineData(1, 29)]
    public void Error_and_price_are_weighed_where_their_slopes_meet(double level, int width) => Assert.Equal(width, Widths(1).Choose(level, Channels));

    [Fact]
    public void What_saves_nothing_stays_and_so_does_all_at_level_zero()
    {
        Assert.Equal(Channels, Widths(0).Choose(level: 1000, unit: 1));
        Assert.Equal(Channels, Widths(1).Choose(level: 0, unit: Channels));
        Assert.Equal(Channels, Widths(0).Choose(level: 1, unit: 0));
    }

    [Fact]
    public void Channels_without_any_error_go_at_level_zero()
    {
        double[] errors = [.. Linear.Select((e, k) => k >= 40 ? 0 : e)];

        Assert.Equal(40, new PricedWidths(Site(errors, 1), kept => kept.Count(k => k)).Choose(level: 0, unit: Channels));
    }

    [Fact]
    public void Without_prices_the_narrowest_width_below_the_level_is_taken()
    {
        Assert.Equal(Channels / 2, Widths(1).Choose(level: 0.5));
        Assert.Equal(Channels, Widths(1).Choose(level: -1));
        // 33 to 48 channels are one choice of 48; it is named by the first of them, and judged by what really stays.
        Assert.Equal(17, new PricedWidths(Site(Linear, 16), kept => kept.Count(k => k)).Choose(level: 0.5));
    }

    [Fact]
    public void A_wide_group_is_priced_at_a_few_widths()
    {
        var asked = 0;
        var priced = new PricedWidths(Site(Linear, 1), kept =>
        {
            asked++;
            return 3 * kept.Count(k => k);
        });

        Assert.Equal(17, asked);
        Assert.Equal(3 * (Channels - 1), priced.Range, 9);
        // A line is a line, wherever it was asked.
        Assert.Equal(Widths(3).Choose(0.2, 100), priced.Choose(0.2, 100));
    }

    private static PricedWidths Widths(double price) => new(Site(Linear, 1), kept => price * kept.Count(k => k));

    private static SiteCandidate Site(double[] errors, int alignment)
    {
        var test = new TestModel();
        test.Input("x", "N", 4);
        test.Output(test.Gemm("second", test.Relu("relu", test.Gemm("first", "x", 4, Channels)), Channels, 3));
        return new SiteCandidate(new Workbench(test.Build()).Analysis.Groups.Single(), new ChannelCurve([.. Enumerable.Range(0, Channels)], errors, 0), new WidthAlignment(alignment));
    }
}
