using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>What kernels on bytes like changes no byte that comes out.</summary>
public sealed class ByteLayoutTests
{
    [Fact]
    public void Convolutions_read_channels_in_fours_and_give_the_same()
    {
        var test = new TestModel(opset: 13);
        var input = test.Input("x", "N", 3, 9, 9);
        // Two that read the same, one with channels enough, and one of single channels.
        var sum = test.Node("Add", "sum", [test.Conv("left", input, 3, 8, 3, pad: 1), test.Conv("right", input, 3, 8, 3, pad: 1)]);
        test.Conv("last", test.Conv("depthwise", sum, 8, 8, 3, group: 8), 8, 5);
        var model = test.Output("last", "N", 5, 7, 7).Build();

        var (plain, fours) = (Quantize(model), Quantize(model, o => o with { PadsInputs = true }));

        ModelAssert.SameOutputs(plain, fours, 0, "weights of zero");
        ModelAssert.SameContract(plain, fours);
        var gather = Assert.Single(fours.Graph.Nodes, n => n.OpType == "Gather");
        Assert.Equal([0L, 1, 2, 0], fours.Graph.Constant(gather.Inputs[1])!.ReadIntegers());
        long[] InputsOf(string name) => [.. fours.Graph.Constant(fours.Graph.Producer(fours.Graph.Nodes.Single(n => n.Name == name).Inputs[1])!.Inputs[0])!.Dims];
        Assert.Equal([8L, 4, 3, 3], InputsOf("left"));
        Assert.Equal([8L, 4, 3, 3], InputsOf("right"));
        Assert.Equal([8L, 1, 3, 3], InputsOf("depthwise"));
        Assert.Equal([5L, 8, 1, 1], InputsOf("last"));
        Assert.Equal(OptimizedModel.Operators(plain).Count(o => o == "QLinearConv"), OptimizedModel.Operators(fours).Count(o => o == "QLinearConv"));
    }

    [Theory]
    [InlineData(RunTarget.Cpu, true)]
    [InlineData(RunTarget.Any, false)]
    public void Zeros_are_put_around_bytes(RunTarget target, bool inBytes)
    {
        var model = Padded(0);

        var made = Quantize(model, o => o with { Target = target });

        var pad = Assert.Single(made.Graph.Nodes, n => n.OpType == "Pad");
        Assert.Equal(inBytes ? "QuantizeLinear" : "DequantizeLinear", made.Graph.Producer(pad.Inputs[0])!.OpType);
        Assert.Equal(inBytes ? 0 : 1, made.Graph.Uses(pad.Outputs[0]).Count(u => u.Node.OpType == "QuantizeLinear"));
        ModelAssert.SameOutputs(Quantize(model, o => o with { Target = RunTarget.Any }), made, 0, "the zero point stands for zero");
        Assert.InRange(ModelAssert.Distance(model, made), 1e-6, 0.1);
    }

    [Fact]
    public void Another_value_is_padded_in_floating_point()
    {
        var made = Quantize(Padded(0.5f));

        Assert.DoesNotContain(made.Graph.Nodes, n => n.OpType == "Pad" && made.Graph.Producer(n.Inputs[0]) is { OpType: "QuantizeLinear" });
        Assert.InRange(ModelAssert.Distance(Padded(0.5f), made), 1e-6, 0.1);
    }

    private static OnnxModel Padded(float value)
    {
        var test = new TestModel(opset: 13);
        var relu = test.Relu("relu", test.Conv("first", test.Input("x", "N", 4, 6, 6), 4, 8, 3, pad: 1));
        var pad = test.Node("Pad", "pad", [relu, test.Integers("pads", 0, 2, 1, 1, 0, 2, 1, 1), test.Scalar("value", value)]);
        test.Conv("second", pad, 12, 4, 3);
        return test.Output("second", "N", 4, 6, 6).Build();
    }

    private static OnnxModel Quantize(OnnxModel model, Func<QuantizerOptions, QuantizerOptions>? with = null)
    {
        var options = new QuantizerOptions(new ReconstructionOptions(1, 16, 0, 1 << 26), new WeightGrid(WeightGrid.Reduced));
        return new ModelQuantizer(ModelRunner.Runtime, new Numerics.CpuBackend(1), ModelRunner.Samples(model), hasData: true, with?.Invoke(options) ?? options)
            .Quantize(model, TestContext.Current.CancellationToken).Model;
    }
}
