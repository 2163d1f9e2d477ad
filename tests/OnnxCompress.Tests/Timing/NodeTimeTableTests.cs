using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

public sealed class NodeTimeTableTests
{
    /// <summary>Sums and products of a few doubles.</summary>
    private const double Rounding = 1e-12;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Measured_widths_are_aligned_and_the_last_one_is_whole()
    {
        Assert.Equal([16, 32, 48, 64], NodeTimeTable.Widths(64, 16));
        Assert.Equal([16, 32, 48, 64, 80, 96, 112, 120], NodeTimeTable.Widths(120, 16));
        Assert.Equal([1, 2, 4, 6, 8, 10, 12, 14, 16], NodeTimeTable.Widths(16, 1));
        Assert.Equal([3], NodeTimeTable.Widths(3, 16));
        Assert.Equal([1], NodeTimeTable.Widths(1, 1));
    }

    [Fact]
    public void Times_are_those_measured_and_linear_in_between()
    {
        var table = NodeTimeTable.Measure(new FakeTimer(n => 1 + (2 * n.Inputs) + (3 * n.Outputs)), Product(64, 32), 8, inputsStay: false, Token);

        Assert.Equal(1 + (2 * 64) + (3 * 32), table.At(64, 32), Rounding);
        Assert.Equal(1 + (2 * 40) + (3 * 28), table.At(40, 28), Rounding);
        Assert.Equal(1 + (2 * 8) + (3 * 8), table.At(2, 1), Rounding);
    }

    [Fact]
    public void A_width_that_takes_longer_than_a_larger_one_counts_as_that()
    {
        // 24 channels, a width that is measured, take longer than 32.
        var table = NodeTimeTable.Measure(new FakeTimer(n => n.Outputs == 24 ? 50 : n.Outputs), Product(32, 32), 8, inputsStay: false, Token);

        Assert.Equal([8, 16, 32, 32], new[] { 8, 16, 24, 32 }.Select(o => table.At(32, o)));
    }

    [Fact]
    public void Times_never_fall_with_the_width_whatever_was_measured()
    {
        var random = new Random(3);
        var table = NodeTimeTable.Measure(new FakeTimer(_ => random.NextDouble()), Product(96, 64), 4, inputsStay: false, Token);

        for (var i = 1; i <= 96; i++)
        {
            for (var o = 1; o <= 64; o++)
            {
                Assert.True(table.At(i, o) >= table.At(Math.Max(1, i - 1), o) - Rounding && table.At(i, o) >= table.At(i, Math.Max(1, o - 1)) - Rounding, $"{i} x {o}");
            }
        }
    }

    [Fact]
    public void What_two_axes_save_together_is_measured_at_few_pairs_and_follows_both_axes_in_between()
    {
        var timer = new FakeTimer(n => (double)n.Inputs * n.Outputs);

        var table = NodeTimeTable.Measure(timer, Product(128, 128), 8, inputsStay: false, Token);

        // Nine widths an axis, of which four make sixteen pairs and the other five stand beside the whole of the other axis.
        Assert.Equal(16 + (2 * 5), timer.Asked.Count);
        Assert.Equal(48 * 96, table.At(48, 96), 1e-9);
    }

    [Fact]
    public void A_width_that_a_convolution_does_not_like_takes_the_time_of_the_next_that_it_does()
    {
        var table = NodeTimeTable.Measure(new FakeTimer(n => (double)n.Inputs * n.Outputs), Convolution(64, 60, groups: 1), 8, inputsStay: false, Token);

        Assert.Equal(32 * 24, table.At(25, 20), 1e-9);
        Assert.Equal(64 * 60, table.At(64, 57), 1e-9);
    }

    [Fact]
    public void Below_a_vector_a_convolution_takes_what_the_next_power_of_two_was_measured_to_take()
    {
        var table = NodeTimeTable.Measure(new FakeTimer(n => 10 + n.Outputs), Convolution(64, 64, groups: 1), 16, inputsStay: false, Token);

        Assert.Equal([12, 12, 14, 18, 26, 42], new[] { 1, 2, 3, 5, 9, 17 }.Select(o => table.At(64, o)));
    }

    [Fact]
    public void A_depthwise_layer_has_as_many_groups_as_channels_at_every_width()
    {
        var timer = new FakeTimer(n => n.Outputs);

        var table = NodeTimeTable.Measure(timer, Convolution(32, 64, groups: 32), 8, inputsStay: false, Token);

        Assert.All(timer.Asked, c => Assert.Equal((c.Nodes[0].Inputs, 2 * c.Nodes[0].Inputs), (c.Nodes[0].Groups, c.Nodes[0].Outputs)));
        Assert.Equal(32, table.At(16, 32), Rounding);
    }

    [Fact]
    public void The_grouped_factor_of_a_split_keeps_its_groups_and_its_inputs()
    {
        var timer = new FakeTimer(n => n.Outputs);

        var table = NodeTimeTable.Measure(timer, Convolution(32, 64, groups: 4), 8, inputsStay: true, Token);

        Assert.All(timer.Asked, c => Assert.Equal((4, 32, 0), (c.Nodes[0].Groups, c.Nodes[0].Inputs, c.Nodes[0].Outputs % 4)));
        Assert.Equal(40, table.At(32, 40), Rounding);
    }

    private static TimedNode Product(int inputs, int outputs) => new("MatMul", inputs, outputs) { Space = [1] };

    private static TimedNode Convolution(int inputs, int outputs, int groups) =>
        new("Conv", inputs, outputs) { Groups = groups, Space = [4], Kernel = [1], Strides = [1], Pads = [0, 0], Dilations = [1] };
}
