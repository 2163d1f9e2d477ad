using OnnxCompress.Diagnostics;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Operators that move, merge, split, reduce or normalise axes.</summary>
public sealed class AxisTests
{
    [Fact]
    public void A_flatten_turns_a_channel_into_a_block_of_columns()
    {
        var builder = Image();
        builder.Gemm("f", builder.Node("Flatten", "flat", [builder.Conv("c", "x", 3, 4)]), 100, 2);

        var consumer = GroupAssert.Group(builder.Analyze("f"), 4, ["c"], ["f"]).ConsumerLayers[0];

        Assert.Equal(25, consumer.TapsPerChannel);
        Assert.Equal(Enumerable.Range(25, 25), consumer.Columns[25..50]);
    }

    [Fact]
    public void A_flatten_of_channels_that_lie_last_takes_every_fourth_column()
    {
        var builder = Image();
        builder.Node("Transpose", "nhwc", [builder.Conv("c", "x", 3, 4)], ("perm", new long[] { 0, 2, 3, 1 }));
        builder.Gemm("f", builder.Node("Flatten", "flat", ["nhwc"]), 100, 2);

        var consumer = GroupAssert.Group(builder.Analyze("f"), 4, ["c"], ["f"]).ConsumerLayers[0];

        Assert.Equal([1, 5, 9], consumer.Columns[25..28]);
    }

    [Fact]
    public void A_channel_shuffle_ties_what_is_dealt_out_together()
    {
        var builder = Image();
        builder.Node("Reshape", "split", [builder.Conv("c1", "x", 3, 8), builder.Integers("s1", 0, 2, 4, 5, 5)]);
        builder.Node("Transpose", "dealt", ["split"], ("perm", new long[] { 0, 2, 1, 3, 4 }));
        builder.Node("Reshape", "merged", ["dealt", builder.Integers("s2", 0, 8, 5, 5)]);
        builder.Conv("c2", "merged", 8, 2);

        // Either half keeps the same positions, or all eight can be told apart: never fewer than four, and the slices fit.
        var bench = builder.Analyze("c2");
        var group = Assert.Single(bench.Analysis.Groups);
        Assert.Equal(["c1"], group.Producers);
        Assert.Equal(["c2"], group.Consumers);
        Assert.Contains(group.Channels, (int[])[4, 8]);
    }

    [Fact]
    public void Channels_of_an_image_of_one_position_survive_squeezing()
    {
        var builder = Image();
        builder.Node("GlobalAveragePool", "pool", [builder.Conv("c", "x", 3, 6)]);
        builder.Node("Squeeze", "vector", ["pool", builder.Integers("axes", 2, 3)]);
        builder.Gemm("f", "vector", 6, 2);

        GroupAssert.Group(builder.Analyze("f"), 6, ["c"], ["f"]);
    }

    [Fact]
    public void A_mean_over_positions_passes_channels_and_one_over_channels_holds_them()
    {
        var over = Image();
        over.Node("ReduceMean", "mean", [over.Conv("c", "x", 3, 6)], ("axes", new long[] { 2, 3 }), ("keepdims", 0));
        over.Gemm("f", "mean", 6, 2);
        var across = Image();
        across.Node("ReduceMean", "mean", [across.Conv("c", "x", 3, 6)], ("axes", new long[] { 1 }));
        across.Conv("f", "mean", 1, 2);

        GroupAssert.Group(over.Analyze("f"), 6, ["c"], ["f"]);
        GroupAssert.Refused(across.Analyze("f"), "c", DiagnosticCodes.NormalizedAxis);
    }

    [Theory]
    [InlineData("Softmax", 1, false)]
    [InlineData("Softmax", 3, true)]
    [InlineData("LogSoftmax", -3, false)]
    [InlineData("LpNormalization", 1, false)]
    [InlineData("LpNormalization", 2, true)]
    public void A_normalisation_holds_the_axis_it_runs_over(string op, int axis, bool isFree)
    {
        var builder = Image();
        builder.Conv("c2", builder.Node(op, "norm", [builder.Conv("c1", "x", 3, 6)], ("axis", axis)), 6, 2);

        Verify(builder.Analyze("c2"), isFree);
    }

    [Fact]
    public void Before_opset_13_softmax_holds_every_axis_from_its_own_on()
    {
        var builder = new TestModel(opset: 12);
        builder.Input("x", "N", 3, 5, 5);
        builder.Conv("c2", builder.Node("Softmax", "norm", [builder.Conv("c1", "x", 3, 6)]), 6, 2);

        Verify(builder.Analyze("c2"), isFree: false);
    }

    [Fact]
    public void Layer_normalisation_holds_the_features()
    {
        var builder = new TestModel();
        builder.Input("x", "N", "L", 6);
        builder.Node("LayerNormalization", "norm", [builder.MatMul("m1", "x", 6, 8), builder.Weight("s", 8), builder.Weight("b", 8)]);
        builder.MatMul("m2", "norm", 8, 2);

        GroupAssert.Refused(builder.Analyze("m2"), "m1", DiagnosticCodes.NormalizedAxis);
    }

    [Fact]
    public void Instance_normalisation_carries_channels()
    {
        var builder = Image();
        builder.Node("InstanceNormalization", "norm", [builder.Conv("c1", "x", 3, 6), builder.Weight("s", 6), builder.Weight("b", 6)]);
        builder.Conv("c2", "norm", 6, 2);

        Assert.Equal(["norm"], GroupAssert.Group(builder.Analyze("c2"), 6, ["c1"], ["c2"]).Carried);
    }

    [Theory]
    [InlineData("InstanceNormalization")]
    [InlineData("SpaceToDepth")]
    [InlineData("MaxPool")]
    public void Channels_that_lie_where_an_operator_expects_positions_stay(string op)
    {
        var builder = Image();
        builder.Node("Transpose", "t", [builder.Conv("c", "x", 3, 6, 2)], ("perm", new long[] { 0, 2, 1, 3 }));
        _ = op switch
        {
            "SpaceToDepth" => builder.Node(op, "op", ["t"], ("blocksize", 2)),
            "MaxPool" => builder.Node(op, "op", ["t"], ("kernel_shape", new long[] { 2, 2 })),
            _ => builder.Node(op, "op", ["t", builder.Weight("s", 4), builder.Weight("b", 4)]),
        };
        builder.Node("Flatten", "flat", ["op"]);
        builder.Gemm("f", "flat", op == "MaxPool" ? 60 : 96, 2);

        Assert.Empty(builder.Analyze("f").Analysis.Groups);
    }

    [Fact]
    public void Across_channels_normalisation_holds_them()
    {
        var builder = Image();
        builder.Conv("c2", builder.Node("LRN", "lrn", [builder.Conv("c1", "x", 3, 6)], ("size", 3)), 6, 2);

        GroupAssert.Refused(builder.Analyze("c2"), "c1", DiagnosticCodes.NormalizedAxis);
    }

    private static void Verify(Workbench bench, bool isFree)
    {
        if (isFree)
        {
            GroupAssert.Group(bench, 6, ["c1"], ["c2"]);
        }
        else
        {
            GroupAssert.Refused(bench, "c1", DiagnosticCodes.NormalizedAxis);
        }
    }

    private static TestModel Image()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        return builder;
    }
}
