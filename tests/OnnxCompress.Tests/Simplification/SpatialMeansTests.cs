using OnnxCompress.Samples;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Simplification;

/// <summary>Means over space become pools, which runtimes compute where the convolutions are.</summary>
public sealed class SpatialMeansTests
{
    private static readonly long[] ToChannelsFirst = [0, 3, 1, 2], ToChannelsLast = [0, 2, 3, 1];

    [Theory]
    [InlineData(true, 2L, 3L)]
    [InlineData(true, -1L, -2L)]
    [InlineData(false, 3L, 2L)]
    public void A_mean_over_all_of_space_is_a_pool(bool keeps, params long[] axes)
    {
        var test = new TestModel(opset: 13);
        var relu = test.Relu("relu", test.Conv("conv", test.Input("x", "N", 3, 5, 7), 3, 4, 3, pad: 1));
        test.Output(Mean(test, relu, keeps, axes), keeps ? ["N", 4, 1, 1] : ["N", 4]);

        Assert.Equal(keeps ? ["Conv", "Relu", "GlobalAveragePool"] : ["Conv", "Relu", "GlobalAveragePool", "Flatten"], Operators(test));
    }

    [Fact]
    public void One_of_channels_last_is_turned_afterwards_and_turns_that_undo_each_other_go()
    {
        var test = new TestModel(opset: 13);
        var conv = test.Relu("relu", test.Conv("conv", test.Input("x", "N", 3, 5, 7), 3, 4, 3));
        var mean = Mean(test, test.Node("Transpose", "last", [conv], ("perm", ToChannelsLast)), true, 1, 2);
        test.Output(test.Conv("head", test.Node("Transpose", "first", [mean], ("perm", ToChannelsFirst)), 4, 6), "N", 6, 1, 1);

        Assert.Equal(["Conv", "Relu", "GlobalAveragePool", "Conv"], Operators(test));
    }

    [Fact]
    public void Channels_last_without_the_axes_is_flat()
    {
        var test = new TestModel(opset: 13);
        var conv = test.Conv("conv", test.Input("x", "N", 3, 5, 7), 3, 4, 3);
        test.Output(Mean(test, test.Node("Transpose", "last", [conv], ("perm", ToChannelsLast)), false, 1, 2), "N", 4);

        Assert.Equal(["Conv", "GlobalAveragePool", "Flatten"], Operators(test));
    }

    [Theory]
    [InlineData("one of both axes")]
    [InlineData("channels")]
    [InlineData("no convolution")]
    [InlineData("samples behind channels")]
    public void Others_stay(string which)
    {
        var test = new TestModel(opset: 13);
        var input = test.Input("x", "N", 3, 5, 7);
        var read = which switch
        {
            "no convolution" => test.Node("Sqrt", "sqrt", [test.Node("Abs", "abs", [input])]),
            "samples behind channels" => test.Node("Transpose", "turn", [test.Conv("conv", input, 3, 4, 3)], ("perm", new long[] { 1, 0, 2, 3 })),
            _ => test.Conv("conv", input, 3, 4, 3),
        };
        _ = which switch
        {
            "one of both axes" => test.Output(Mean(test, read, true, 3), "N", 4, 3, 1),
            "channels" => test.Output(Mean(test, read, true, 1, 2, 3), "N", 1, 1, 1),
            "no convolution" => test.Output(Mean(test, read, true, 2, 3), "N", 3, 1, 1),
            _ => test.Output(Mean(test, read, false, 2, 3), 4, "N"),
        };

        Assert.Contains("ReduceMean", Operators(test));
    }

    [Fact]
    public void A_pad_by_nothing_goes()
    {
        var test = new TestModel(opset: 13);
        var padded = test.Node("Pad", "nothing", [test.Conv("conv", test.Input("x", "N", 3, 5, 7), 3, 4, 3), test.Integers("none", new long[8])]);
        test.Output(test.Node("Pad", "something", [padded, test.Integers("some", 0, 0, 0, 0, 0, 0, 0, 1)]), "N", 4, 3, 6);

        Assert.Equal(["Conv", "Pad"], Operators(test));
    }

    private static string Mean(TestModel test, string input, bool keeps, params long[] axes) =>
        test.Node("ReduceMean", "mean", [input], ("axes", axes), ("keepdims", keeps ? 1L : 0L));

    private static IEnumerable<string> Operators(TestModel test)
    {
        var model = test.Build();
        var sample = ModelRunner.Samples(model).Read(SampleBatches.Of(1, model.Inputs, 1).First().Indices);
        var simplified = Simplifier.Simplify(model, ModelRunner.Runtime, sample, TestContext.Current.CancellationToken);
        ModelAssert.SameOutputs(model, simplified, 1e-5, "the same numbers summed in another order");
        ModelAssert.SameContract(model, simplified);
        return simplified.Graph.Nodes.Select(n => n.OpType);
    }
}
