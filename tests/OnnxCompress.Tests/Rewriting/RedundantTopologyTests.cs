using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Redundant channels where several layers share them: fixture D2 f and the blocks of modern networks.</summary>
public sealed class RedundantTopologyTests
{
    [Fact]
    public void A_depthwise_chain_loses_filters_normalisation_and_groups()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        builder.Relu("r1", builder.BatchNorm("bn1", builder.Conv("pw1", "x", 3, 8), 8));
        builder.Relu("r2", builder.BatchNorm("bn2", builder.Conv("dw", "r1", 8, 8, 3, pad: 1, group: 8, stride: 2), 8));
        builder.Conv("pw2", "r2", 8, 4);
        var model = builder.Output("pw2", "N", 4, 3, 3).Build();
        foreach (var layer in (string[])["pw1", "dw"])
        {
            model.Duplicate(layer, 1, 3);
            model.Duplicate(layer, 7, 3);
        }

        DuplicateNormalisation(model, "bn1", (1, 3), (7, 3));
        DuplicateNormalisation(model, "bn2", (1, 3), (7, 3));

        var rewritten = Check(model, ["pw1", "bn1", "dw", "bn2", "pw2"], ("pw1", [0, 2, 3, 4, 5, 6]));
        Assert.Equal(6, rewritten.Graph.Nodes.Single(n => n.Name == "dw").Int("group", 1));
    }

    [Fact]
    public void A_depthwise_multiplier_keeps_its_outputs_together()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        builder.Relu("r1", builder.Conv("pw", "x", 3, 4));
        builder.Relu("r2", builder.Conv("dw", "r1", 4, 8, 3, group: 4));
        builder.Conv("c", "r2", 8, 3);
        var model = builder.Output("c", "N", 3, 3, 3).Build();
        model.Duplicate("pw", 1, 3);
        model.Duplicate("dw", 2, 6);
        model.Duplicate("dw", 3, 7);

        Check(model, ["pw", "dw", "c"], ("pw", [0, 2, 3]));
    }

    [Fact]
    public void Each_consumer_of_a_residual_stream_gets_its_own_mixing()
    {
        var model = ResidualStream();
        // Every producer of the stream makes channel 2 as twice channel 0: behind the rectifiers it still is.
        foreach (var producer in (string[])["stem", "b1", "b2"])
        {
            model.Combine($"{producer}.w", 0, 2, (0, 2));
            model.Combine($"{producer}.b", 0, 2, (0, 2));
        }

        Check(model, ["stem", "a1", "b1", "a2", "b2", "head"], ("stem", [0, 1, 3, 4, 5]));
    }

    [Fact]
    public void Concatenated_layers_lose_their_own_channels()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 4, 4);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 4));
        builder.Relu("r2", builder.Conv("c2", "x", 3, 5));
        builder.Node("Concat", "cat", ["r1", "r2"], ("axis", 1));
        builder.Conv("c3", "cat", 9, 3, 3, pad: 1);
        var model = builder.Output("c3", "N", 3, 4, 4).Build();
        // Channel 6 of the concatenation is c2's third: it equals c1's second, across the seam.
        model.Edit("c2.w", w => model.Floats("c1.w").AsSpan(3, 3).CopyTo(w.AsSpan(6)));
        model.Edit("c2.b", b => b[2] = model.Floats("c1.b")[1]);

        Check(model, ["c2", "c3"], ("c1", [0, 1, 2, 3, 4, 5, 7, 8]));
        Check(model, ["c1", "c3"], ("c1", [0, 2, 3, 4, 5, 6, 7, 8]));
    }

    [Fact]
    public void A_grouped_consumer_loses_the_same_position_of_every_group()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 4, 4);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 8));
        builder.Relu("r2", builder.Conv("gc", "r1", 8, 6, 3, pad: 1, group: 2));
        builder.Conv("c3", "r2", 6, 2);
        var model = builder.Output("c3", "N", 2, 4, 4).Build();
        // Position 1 of both groups (channels 1 and 5) is position 3 of its group.
        model.Duplicate("c1", 1, 3);
        model.Duplicate("c1", 5, 7);

        Check(model, ["c1", "gc"], ("c1", [0, 2, 3]));
    }

    [Fact]
    public void Redundant_outputs_of_a_grouped_convolution_go_from_every_group()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 4, 4, 4);
        builder.Relu("r", builder.Conv("gc", builder.Conv("c0", "x", 4, 4), 4, 6, group: 2));
        builder.Conv("c", "r", 6, 2);
        var model = builder.Output("c", "N", 2, 4, 4).Build();
        model.Duplicate("gc", 0, 2);
        model.Duplicate("gc", 3, 5);

        Check(model, ["gc", "c"], ("gc", [1, 2]));
    }

    [Fact]
    public void Squeeze_and_excite_gates_shrink_with_the_channels_they_scale()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 6));
        builder.Node("GlobalAveragePool", "pool", ["r1"]);
        builder.Relu("rs", builder.Conv("squeeze", "pool", 6, 4));
        builder.Node("Sigmoid", "gate", [builder.Conv("excite", "rs", 4, 6)]);
        builder.Node("Mul", "scaled", ["r1", "gate"]);
        builder.Conv("c2", "scaled", 6, 3);
        var model = builder.Output("c2", "N", 3, 5, 5).Build();
        model.Duplicate("c1", 4, 1);
        model.Duplicate("excite", 4, 1);

        Check(model, ["c1", "squeeze", "excite", "c2"], ("c1", [0, 1, 2, 3, 5]));
    }

    [Fact]
    public void The_hidden_width_of_a_feed_forward_block_shrinks_and_its_length_stays_dynamic()
    {
        var builder = new TestModel();
        builder.Input("x", "N", "L", 6);
        builder.Node("Add", "up_b", [builder.MatMul("up", "x", 6, 10), builder.Weight("up.b", 10)]);
        builder.Node("Mul", "gelu", ["up_b", builder.Node("Sigmoid", "s", ["up_b"])]);
        builder.Node("Add", "down_b", [builder.MatMul("down", "gelu", 10, 6), builder.Weight("down.b", 6)]);
        builder.Node("Add", "y", ["x", "down_b"]);
        var model = builder.Output("y", "N", "L", 6).Build();
        model.Duplicate("up", 2, 9, outputAxis: 1);
        model.Duplicate("up", 4, 9, outputAxis: 1);

        var rewritten = Check(model, ["up", "up_b", "down"], ("up", [0, 1, 3, 5, 6, 7, 8, 9]));

        ModelAssert.SameOutputs(model, rewritten, ModelAssert.Redundant, "another length", ModelRunner.Samples(model, dynamicSize: 9));
    }

    private static OnnxModel ResidualStream()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        builder.Relu("s0", builder.Conv("stem", "x", 3, 6));
        builder.Conv("b1", builder.Relu("ra1", builder.Conv("a1", "s0", 6, 4, 3, pad: 1)), 4, 6);
        builder.Relu("s1", builder.Node("Add", "add1", ["s0", "b1"]));
        builder.Conv("b2", builder.Relu("ra2", builder.Conv("a2", "s1", 6, 4)), 4, 6);
        builder.Relu("s2", builder.Node("Add", "add2", ["s1", "b2"]));
        builder.Conv("head", "s2", 6, 2);
        return builder.Output("head", "N", 2, 5, 5).Build();
    }

    private static void DuplicateNormalisation(OnnxModel model, string name, params (int Target, int Source)[] pairs)
    {
        foreach (var part in (string[])["scale", "shift", "mean", "var"])
        {
            foreach (var (target, source) in pairs)
            {
                model.Combine($"{name}.{part}", 0, target, (source, 1));
            }
        }
    }

    private static OnnxModel Check(OnnxModel model, string[] touched, params (string, int[])[] sites)
    {
        var rewritten = new Workbench(model).Rewrite(ChannelSelection.PivotedQr, sites);

        ModelAssert.OnlyTouched(model, rewritten, touched);
        ModelAssert.SameContract(model, rewritten);
        ModelAssert.SameOutputs(model, rewritten, ModelAssert.Redundant, "redundant channels removed");
        return rewritten;
    }
}
