using OnnxCompress.Diagnostics;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

/// <summary>Residual additions, concatenations, gates and broadcasting.</summary>
public sealed class BranchTests
{
    [Fact]
    public void A_residual_stream_ties_its_producers_and_leaves_inner_channels_free()
    {
        var builder = Image();
        builder.Relu("s0", builder.Conv("stem", "x", 3, 6));
        builder.Conv("b", builder.Relu("r", builder.Conv("a", "s0", 6, 4)), 4, 6);
        builder.Conv("head", builder.Node("Add", "add", ["s0", "b"]), 6, 2);

        var bench = builder.Analyze("head");

        GroupAssert.Group(bench, 6, ["stem", "b"], ["a", "head"]);
        GroupAssert.Group(bench, 4, ["a"], ["b"]);
    }

    [Fact]
    public void A_stream_that_starts_at_the_input_is_held_by_it()
    {
        var builder = Image();
        builder.Conv("b", builder.Relu("r", builder.Conv("a", "x", 3, 4)), 4, 3);
        builder.Conv("head", builder.Node("Add", "add", ["x", "b"]), 3, 2);

        var bench = builder.Analyze("head");

        GroupAssert.Refused(bench, "b", DiagnosticCodes.TiedToInput);
        GroupAssert.Group(bench, 4, ["a"], ["b"]);
    }

    [Fact]
    public void A_padded_shortcut_is_refused_politely_and_inner_channels_are_found()
    {
        // The shortcut of the original CIFAR ResNets: every second position, zeros for the new channels.
        var builder = Image();
        builder.Relu("s0", builder.Conv("stem", "x", 3, 4));
        builder.Node("Slice", "sub", ["s0", builder.Integers("starts", 0, 0), builder.Integers("ends", 99, 99), builder.Integers("axes", 2, 3), builder.Integers("steps", 2, 2)]);
        builder.Node("Pad", "pad", ["sub", builder.Integers("pads", 0, 2, 0, 0, 0, 2, 0, 0)]);
        builder.Conv("b", builder.Relu("r", builder.Conv("a", "s0", 4, 5, 3, pad: 1, stride: 2)), 5, 8);
        builder.Conv("head", builder.Node("Add", "add", ["b", "pad"]), 8, 2);

        var bench = builder.Analyze("head");

        GroupAssert.Group(bench, 5, ["a"], ["b"]);
        Assert.All(bench.Analysis.Refusals, r => Assert.StartsWith("OCX2", r.Code, StringComparison.Ordinal));
    }

    [Fact]
    public void A_concatenation_gives_each_layer_its_own_channels_of_one_group()
    {
        var builder = Image();
        builder.Node("Concat", "cat", [builder.Conv("c1", "x", 3, 4), builder.Conv("c2", "x", 3, 5)], ("axis", -3));
        builder.Conv("c3", "cat", 9, 2);

        var group = GroupAssert.Group(builder.Analyze("c3"), 9, ["c1", "c2"], ["c3"]);

        Assert.Equal([4, 5], group.Segments.Select(s => s.Length));
    }

    [Fact]
    public void Channels_of_the_input_in_a_concatenation_stay_alone()
    {
        var builder = Image();
        builder.Node("Concat", "cat", ["x", builder.Conv("c1", "x", 3, 4)], ("axis", 1));
        builder.Conv("c2", "cat", 7, 2);

        var group = GroupAssert.Group(builder.Analyze("c2"), 7, ["c1"], ["c2"]);

        Assert.Equal(4, group.FreeChannels);
    }

    [Fact]
    public void Concatenated_rows_tie_the_channels_of_both_layers()
    {
        var builder = Image();
        builder.Node("Concat", "cat", [builder.Conv("c1", "x", 3, 4), builder.Conv("c2", "x", 3, 4)], ("axis", 2));
        builder.Conv("c3", "cat", 4, 2);

        GroupAssert.Group(builder.Analyze("c3"), 4, ["c1", "c2"], ["c3"]);
    }

    [Fact]
    public void Squeeze_and_excite_ties_the_gate_to_what_it_scales()
    {
        var builder = Image();
        builder.Conv("c1", "x", 3, 6);
        builder.Relu("r", builder.Conv("squeeze", builder.Node("GlobalAveragePool", "pool", ["c1"]), 6, 3));
        builder.Node("Sigmoid", "gate", [builder.Conv("excite", "r", 3, 6)]);
        builder.Conv("c2", builder.Node("Mul", "scaled", ["c1", "gate"]), 6, 2);

        var bench = builder.Analyze("c2");

        GroupAssert.Group(bench, 6, ["c1", "excite"], ["squeeze", "c2"]);
        GroupAssert.Group(bench, 3, ["squeeze"], ["excite"]);
    }

    [Fact]
    public void A_map_of_one_channel_does_not_tie_what_it_scales()
    {
        var builder = Image();
        builder.Conv("c1", "x", 3, 6);
        builder.Node("Sigmoid", "map", [builder.Conv("attention", "c1", 6, 1)]);
        builder.Conv("c2", builder.Node("Mul", "scaled", ["c1", "map"]), 6, 2);

        GroupAssert.Group(builder.Analyze("c2"), 6, ["c1"], ["attention", "c2"]);
    }

    [Theory]
    [InlineData(new long[] { 6, 1, 1 })]
    [InlineData(new long[] { 1, 6, 1, 1 })]
    [InlineData(new long[] { 1, 1, 1 })]
    [InlineData(new long[] { 5 })]
    [InlineData(new long[] { 5, 5 })]
    public void Constants_broadcast_as_the_runtime_does(long[] dims)
    {
        var builder = Image();
        builder.Node("Mul", "scaled", [builder.Weight("k", dims), builder.Conv("c1", "x", 3, 6)]);
        builder.Conv("c2", "scaled", 6, 2);

        var group = GroupAssert.Group(builder.Analyze("c2"), 6, ["c1"], ["c2"]);

        Assert.Equal(dims.Contains(6) ? ["scaled"] : [], group.Carried);
    }

    [Fact]
    public void One_weight_that_two_layers_use_stays_where_they_are_different_maps()
    {
        var builder = Image();
        builder.Conv("c1", "x", 3, 4);
        builder.Weight("shared", 4, 4, 1, 1);
        builder.Node("ConvTranspose", "c3", [builder.Node("Conv", "c2", ["c1", "shared"]), "shared"]);
        builder.Conv("c4", "c3", 4, 2);

        var bench = builder.Analyze("c4");

        GroupAssert.Refused(bench, "c2", DiagnosticCodes.WeightShared);
        Assert.Empty(bench.Analysis.Groups);
    }

    [Fact]
    public void A_weight_that_a_caller_may_feed_stays()
    {
        var builder = Image();
        builder.Conv("c2", builder.Conv("c1", "x", 3, 4), 4, 2);
        builder.Graph.Input.Add(TestModel.Value("c1.w", OnnxCompress.Models.ElementType.Float, 4, 3, 1, 1));

        GroupAssert.Refused(builder.Analyze("c2"), "c1", DiagnosticCodes.WeightReplaceable);
    }

    private static TestModel Image()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        return builder;
    }
}
