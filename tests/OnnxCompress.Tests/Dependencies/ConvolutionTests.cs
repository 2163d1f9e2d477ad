using OnnxCompress.Diagnostics;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

public sealed class ConvolutionTests
{
    [Fact]
    public void Channels_between_two_convolutions_are_a_group()
    {
        var builder = Image(3);
        builder.Conv("c2", builder.Relu("r", builder.Conv("c1", "x", 3, 8, 3)), 8, 4, 3);

        var bench = builder.Analyze("c2");

        Assert.Single(bench.Analysis.Groups);
        GroupAssert.Group(bench, 8, ["c1"], ["c2"]);
        GroupAssert.Refused(bench, "c2", DiagnosticCodes.ReachesOutput);
    }

    [Fact]
    public void Image_rows_are_no_channels()
    {
        // The transposed image offers its rows to a product; they were convolved over before.
        var builder = Image(3);
        builder.Node("Transpose", "t", [builder.Conv("c1", "x", 3, 4, 3, pad: 1)], ("perm", new long[] { 0, 1, 3, 2 }));
        builder.MatMul("m", "t", 6, 5);

        var bench = builder.Analyze("m");

        Assert.Empty(bench.Analysis.Groups);
    }

    [Fact]
    public void A_convolution_in_one_dimension_has_channels_too()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 9);
        builder.Node("Conv", "c1", ["x", builder.Weight("c1.w", 6, 3, 3)], ("strides", new long[] { 2 }));
        builder.Node("Conv", "c2", ["c1", builder.Weight("c2.w", 2, 6, 1)]);

        GroupAssert.Group(builder.Analyze("c2"), 6, ["c1"], ["c2"]);
    }

    [Fact]
    public void A_convolution_in_three_dimensions_has_channels_too()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 4, 4, 4);
        builder.Node("Conv", "c1", ["x", builder.Weight("c1.w", 6, 2, 2, 2, 2)]);
        builder.Node("Conv", "c2", ["c1", builder.Weight("c2.w", 2, 6, 1, 1, 1)]);

        GroupAssert.Group(builder.Analyze("c2"), 6, ["c1"], ["c2"]);
    }

    [Fact]
    public void A_depthwise_convolution_carries_the_channels_of_the_layer_before_it()
    {
        var builder = Image(3);
        builder.Relu("r1", builder.BatchNorm("bn", builder.Conv("dw", builder.Conv("pw1", "x", 3, 8), 8, 8, 3, group: 8), 8));
        builder.Conv("pw2", "r1", 8, 4);

        var group = GroupAssert.Group(builder.Analyze("pw2"), 8, ["pw1"], ["pw2"]);

        Assert.Equal(["dw", "bn"], group.Carried);
    }

    [Fact]
    public void A_depthwise_convolution_of_the_input_is_held_by_it()
    {
        var builder = Image(4);
        builder.Conv("c", builder.Conv("dw", "x", 4, 4, 3, group: 4), 4, 2);

        var bench = builder.Analyze("c");

        Assert.Empty(bench.Analysis.Groups);
    }

    [Fact]
    public void A_depthwise_multiplier_makes_one_element_of_several_channels()
    {
        var builder = Image(3);
        builder.Conv("c", builder.Conv("dw", builder.Conv("pw", "x", 3, 4), 4, 8, group: 4), 8, 2);

        var group = GroupAssert.Group(builder.Analyze("c"), 4, ["pw"], ["c"]);

        Assert.Equal(2, Assert.Single(group.ConsumerLayers).TapsPerChannel);
        Assert.Equal(2, Assert.Single(group.ConsumerLayers).ColumnsPerChannel);
    }

    [Fact]
    public void A_grouped_consumer_reads_one_column_for_every_group()
    {
        var builder = Image(3);
        builder.Conv("g", builder.Conv("c1", "x", 3, 8), 8, 6, group: 2);

        var group = GroupAssert.Group(builder.Analyze("g"), 4, ["c1"], ["g"]);

        var consumer = Assert.Single(group.ConsumerLayers);
        Assert.Equal((2, 1), (consumer.TapsPerChannel, consumer.ColumnsPerChannel));
        Assert.Equal([0, 4, 1, 5, 2, 6, 3, 7], consumer.Taps);
    }

    [Fact]
    public void Outputs_of_a_grouped_convolution_go_position_by_position()
    {
        var builder = Image(3);
        builder.Conv("c2", builder.Conv("g", builder.Conv("c1", "x", 3, 8), 8, 6, group: 2), 6, 2);

        GroupAssert.Group(builder.Analyze("c2"), 3, ["g"], ["c2"]);
    }

    [Fact]
    public void A_weight_that_is_computed_holds_what_it_meets()
    {
        var builder = Image(3);
        builder.Conv("c1", "x", 3, 8);
        builder.Node("Relu", "weight", [builder.Weight("raw", 4, 8, 1, 1)]);
        builder.Node("Conv", "c2", ["c1", "weight"]);

        GroupAssert.Refused(builder.Analyze("c2"), "c1", DiagnosticCodes.WeightNotConstant);
    }

    [Theory]
    [InlineData("NOTSET", 0, true)]
    [InlineData("NOTSET", 1, false)]
    [InlineData("VALID", 0, true)]
    [InlineData("SAME_UPPER", 0, false)]
    public void A_constant_passes_only_where_no_zero_padding_is_read(string autoPad, int pad, bool passes)
    {
        var builder = Image(3);
        builder.Conv("c1", "x", 3, 4);
        (string, object)[] padding = autoPad == "NOTSET" ? [("pads", new long[] { pad, pad, pad, pad })] : [("auto_pad", autoPad)];
        builder.Node("Conv", "c2", ["c1", builder.Weight("c2.w", 2, 4, 3, 3), builder.Weight("c2.b", 2)], padding);

        var group = GroupAssert.Group(builder.Analyze("c2"), 4, ["c1"], ["c2"]);

        Assert.Equal(passes, group.ConsumerLayers[0].Layer.PassesConstants);
    }

    private static TestModel Image(int channels)
    {
        var builder = new TestModel();
        builder.Input("x", "N", channels, 6, 6);
        return builder;
    }
}
