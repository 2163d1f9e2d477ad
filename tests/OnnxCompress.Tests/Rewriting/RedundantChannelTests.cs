using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>
/// For each topology a model in which some channels are copies or linear combinations of others at the place where they
/// are read: compressing them away must leave the outputs as they were (fixtures D1 a, D2 a, b, f).
/// </summary>
public sealed class RedundantChannelTests
{
    [Theory]
    [InlineData(ChannelSelection.Target)]
    [InlineData(ChannelSelection.PivotedQr)]
    public void Copied_channels_of_a_convolution_go_without_a_trace(ChannelSelection selection)
    {
        var model = ConvolutionChain(kernel: 3);
        model.Duplicate("c1", 1, 4);
        model.Duplicate("c1", 6, 4);

        Check(model, selection, ["c1", "c2"], ("c1", [0, 2, 3, 4, 5, 7]));
    }

    [Fact]
    public void Scaled_copies_behind_a_rectifier_go_without_a_trace()
    {
        var model = ConvolutionChain(kernel: 3);
        model.Combine("c1.w", 0, 2, (5, 0.5f));
        model.Combine("c1.b", 0, 2, (5, 0.5f));

        Check(model, ChannelSelection.PivotedQr, ["c1", "c2"], ("c1", [0, 1, 3, 4, 5, 6, 7]));
    }

    [Fact]
    public void Linear_combinations_through_a_padded_convolution_go_without_a_trace()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 7, 7);
        builder.Conv("c1", "x", 3, 8, 3, pad: 1);
        builder.Conv("c2", "c1", 8, 4, 3, pad: 1, stride: 2);
        var model = builder.Output("c2", "N", 4, 4, 4).Build();
        Mix(model, "c1");

        Check(model, ChannelSelection.PivotedQr, ["c1", "c2"], ("c1", [0, 1, 2, 3, 4]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Linear_combinations_between_fully_connected_layers_go_without_a_trace(bool transB)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 10);
        builder.Gemm("f1", "x", 10, 8, transB);
        builder.Gemm("f2", "f1", 8, 5, transB);
        var model = builder.Output("f2", "N", 5).Build();
        Mix(model, "f1", transB ? 0 : 1);

        Check(model, ChannelSelection.Target, ["f1", "f2"], ("f1", [0, 1, 2, 3, 4]));
    }

    [Fact]
    public void A_combination_with_a_constant_goes_where_the_bias_can_take_it()
    {
        // Fixture D1 g: channel 5 is 0.5 z0 + z1 + 3.
        var builder = new TestModel();
        builder.Input("x", "N", 10);
        builder.Gemm("f1", "x", 10, 6);
        builder.Gemm("f2", "f1", 6, 5);
        var model = builder.Output("f2", "N", 5).Build();
        model.Combine("f1.w", 0, 5, (0, 0.5f), (1, 1));
        model.Combine("f1.b", 0, 5, (0, 0.5f), (1, 1));
        model.Edit("f1.b", b => b[5] += 3);

        Check(model, ChannelSelection.Target, ["f1", "f2"], ("f1", [0, 1, 2, 3, 4]));
        Assert.True(Distance(model, ChannelSelection.PivotedQr, ("f1", [0, 1, 2, 3, 4])) > 0.05, "Without the constant row it cannot be exact.");
    }

    [Fact]
    public void A_constant_is_not_folded_where_zero_padding_is_read()
    {
        // Fixture D2 d: the interior would be exact and the border wrong, so the padded consumer does not take the constant.
        var padded = ConstantChannel(pad: 1);
        var valid = ConstantChannel(pad: 0);

        Check(valid, ChannelSelection.Target, ["c1", "c2"], ("c1", [0, 1, 2, 3]));
        var bench = new Workbench(padded);
        var rewritten = bench.Rewrite(ChannelSelection.Target, ("c1", [0, 1, 2, 3]));
        Assert.Equal(padded.Floats("c2.b"), rewritten.Floats("c2.b"));
    }

    [Fact]
    public void Copies_in_front_of_a_flatten_go_with_their_blocks()
    {
        // Fixture D2 b: every channel is a block of 6 columns.
        var builder = new TestModel();
        builder.Input("x", "N", 2, 2, 3);
        builder.Relu("r", builder.Conv("c1", "x", 2, 5));
        builder.Node("Flatten", "flat", ["r"], ("axis", 1));
        builder.Gemm("f", "flat", 30, 4);
        var model = builder.Output("f", "N", 4).Build();
        model.Duplicate("c1", 1, 3);

        Check(model, ChannelSelection.PivotedQr, ["c1", "f"], ("c1", [0, 2, 3, 4]));
    }

    [Fact]
    public void Copies_in_front_of_a_channels_last_flatten_go_with_their_strided_columns()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 2, 3);
        builder.Relu("r", builder.Conv("c1", "x", 2, 5));
        builder.Node("Transpose", "nhwc", ["r"], ("perm", new long[] { 0, 2, 3, 1 }));
        builder.Node("Reshape", "flat", ["nhwc", builder.Integers("shape", -1, 30)]);
        builder.Gemm("f", "flat", 30, 4);
        var model = builder.Output("f", "N", 4).Build();
        model.Duplicate("c1", 1, 3);

        Check(model, ChannelSelection.PivotedQr, ["c1", "flat", "f"], ("c1", [0, 2, 3, 4]));
    }

    [Fact]
    public void Channels_that_are_combinations_only_behind_a_max_pool_are_measured_there()
    {
        // Fixture D2 c: the pool's maxima of channel 1 are those of channel 0, though the maps differ before it.
        var builder = new TestModel();
        builder.Input("x", "N", 2, 4, 4);
        builder.Node("MaxPool", "pool", [builder.Conv("c1", "x", 2, 4)], ("kernel_shape", new long[] { 4, 4 }));
        builder.Conv("c2", "pool", 4, 3);
        var model = builder.Output("c2", "N", 3, 1, 1).Build();
        model.Combine("c1.w", 0, 3, (0, -1));
        model.Combine("c1.b", 0, 3, (0, -1));

        // Channel 3 is -z0 before the pool, and not a multiple of max z0 behind it.
        var distance = Distance(model, ChannelSelection.PivotedQr, ("c1", [0, 1, 2]));

        Assert.True(distance > 0.01, $"The statistics look as if taken before the pool: distance {distance:g3}.");
        var bench = new Workbench(model);
        Assert.Equal("pool", Assert.Single(bench.Group("c1").ConsumerLayers).Layer.Input);
    }

    [Fact]
    public void Combinations_in_front_of_an_average_pool_go_without_a_trace()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        builder.Conv("c1", "x", 3, 8, 3, pad: 1);
        builder.Node("AveragePool", "pool", ["c1"], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        builder.Conv("c2", "pool", 8, 4);
        var model = builder.Output("c2", "N", 4, 3, 3).Build();
        Mix(model, "c1");

        Check(model, ChannelSelection.PivotedQr, ["c1", "c2"], ("c1", [0, 1, 2, 3, 4]));
    }

    [Fact]
    public void More_channels_than_the_activations_have_dimensions_can_stay()
    {
        // Six linear channels of two inputs: any three are dependent, and the statistics are noise in four directions.
        var builder = new TestModel();
        builder.Input("x", "N", 2, 4, 4);
        builder.Conv("c2", builder.Conv("c1", "x", 2, 6), 6, 3);
        var model = builder.Output("c2", "N", 3, 4, 4).Build();

        Check(model, ChannelSelection.Target, ["c1", "c2"], ("c1", [0, 1, 2, 3, 4]));
        Check(model, ChannelSelection.PivotedQr, ["c1", "c2"], ("c1", [0, 1, 2, 3, 4]));
    }

    [Fact]
    public void Channels_that_are_always_zero_go_without_a_trace()
    {
        var model = ConvolutionChain(kernel: 1);
        model.Edit("c1.w", w => Array.Clear(w));
        model.Edit("c1.b", b => Array.Fill(b, -1));

        Check(model, ChannelSelection.PivotedQr, ["c1", "c2"], ("c1", [3]));
    }

    private static OnnxModel ConvolutionChain(int kernel)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 8, kernel, pad: kernel / 2));
        builder.Relu("r2", builder.Conv("c2", "r1", 8, 4, kernel, pad: kernel / 2));
        return builder.Output("r2", "N", 4, 6, 6).Build();
    }

    private static OnnxModel ConstantChannel(int pad)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 5));
        builder.Conv("c2", "r1", 5, 4, 3, pad);
        var model = builder.Output("c2").Build();
        model.Edit("c1.w", w => Array.Clear(w, 4 * 3, 3));
        model.Edit("c1.b", b => b[4] = 2);
        return model;
    }

    /// <summary>Output channels 5, 6 and 7 become combinations of the first five.</summary>
    private static void Mix(OnnxModel model, string layer, int axis = 0)
    {
        foreach (var (name, along) in new[] { ($"{layer}.w", axis), ($"{layer}.b", 0) })
        {
            model.Combine(name, along, 5, (0, 1), (1, -2));
            model.Combine(name, along, 6, (2, 0.5f), (3, 1), (4, 1));
            model.Combine(name, along, 7, (0, -1), (4, 0.25f));
        }
    }

    private static double Distance(OnnxModel model, ChannelSelection selection, params (string, int[])[] sites) =>
        ModelAssert.Distance(model, new Workbench(model).Rewrite(selection, sites));

    private static void Check(OnnxModel model, ChannelSelection selection, string[] touched, params (string, int[])[] sites)
    {
        var rewritten = new Workbench(model).Rewrite(selection, sites);

        ModelAssert.OnlyTouched(model, rewritten, touched);
        ModelAssert.SameContract(model, rewritten);
        ModelAssert.SameOutputs(model, rewritten, ModelAssert.Redundant, "redundant channels removed");
    }
}
