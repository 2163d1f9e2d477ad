using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>Half floats: weights alone, or the whole graph.</summary>
public sealed class HalfPrecisionTests
{
    /// <summary>Half floats have 11 bits; sums of a few layers.</summary>
    private const double Rounding = 3e-3;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Weights_are_stored_in_half_the_bytes_and_nothing_else_changes()
    {
        var model = Residual().Build();

        var made = Made(model, RunTarget.Cpu);

        Assert.All(made.Layers, layer => Assert.Equal("float16", layer.Form));
        Assert.Equal(4, made.Layers.Count);
        Assert.InRange(made.Model.Bytes, 0.48 * model.Bytes, 0.7 * model.Bytes);
        Assert.Equal(ParameterCount.Of(model), ParameterCount.Of(made.Model));
        Assert.Equal(model.Graph.Nodes.Select(n => n.Name), made.Model.Graph.Nodes.Where(n => n.OpType != "Cast").Select(n => n.Name));
        ModelAssert.SameContract(model, made.Model);
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, Rounding);
    }

    [Fact]
    public void On_a_GPU_layers_compute_in_half_floats_between_Casts_at_the_borders()
    {
        var model = Residual().Build();

        var made = Made(model, RunTarget.Gpu);

        // One Cast behind the input, one in front of the output.
        Assert.Equal(2, made.Model.Graph.Nodes.Count(n => n.OpType == "Cast"));
        Assert.All(made.Model.Graph.Nodes.Where(n => n.OpType is "Conv" or "Gemm"), n => Assert.All(n.Inputs.Skip(1), i => Assert.Equal(ElementType.Float16, made.Model.Graph.Constant(i)!.Type)));
        Assert.All(made.Layers, layer => Assert.Equal("float16", layer.Form));
        Assert.Equal(ParameterCount.Of(model), ParameterCount.Of(made.Model));
        ModelAssert.SameContract(model, made.Model);
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, Rounding);
    }

    [Theory]
    [InlineData(RunTarget.Cpu)]
    [InlineData(RunTarget.Gpu)]
    public void Weights_that_half_floats_do_not_hold_stay_and_say_so(RunTarget target)
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 16);
        test.Gemm("fine", "x", 16, 16);
        test.Node("MatMul", "large", ["fine", test.Floats("large.w", [16, 16], [.. Enumerable.Range(0, 256).Select(i => 300f * i)])]);
        test.Node("MatMul", "small", ["large", test.Floats("small.w", [16, 16], [.. Enumerable.Range(0, 256).Select(i => 1e-9f * (i + 1))])]);
        var model = test.Output("small", "N", 16).Build();

        var made = Made(model, target);

        Assert.Equal(["fine", "large", "small"], made.Layers.Select(l => l.Layer));
        Assert.Null(made.Layers[0].Reason);
        Assert.Contains("65504", made.Layers[1].Reason, StringComparison.Ordinal);
        Assert.Contains("small", made.Layers[2].Reason, StringComparison.Ordinal);
        Assert.Equal(["float", "float"], made.Layers.Skip(1).Select(l => l.Form));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, Rounding);
    }

    [Fact]
    public void Values_out_of_range_keep_their_layers_in_single_floats()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 16);
        test.Node("Mul", "much", [test.Gemm("first", "x", 16, 16), test.Scalar("factor", 60000)]);
        test.MatMul("second", "much", 16, 16);
        test.MatMul("third", test.Node("Tanh", "tanh", ["second"]), 16, 16);
        var model = test.Output("third", "N", 16).Build();

        var made = Made(model, RunTarget.Gpu);

        Assert.Equal(["float16", "float16", "float"], made.Layers.Select(l => l.Form));
        Assert.Equal("second", made.Layers[2].Layer);
        Assert.Contains("range", made.Layers[2].Reason, StringComparison.Ordinal);
        Assert.InRange(ModelAssert.Distance(model, made.Model), 1e-6, 0.02);
    }

    [Fact]
    public void Numbers_that_half_floats_would_lose_keep_their_nodes()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 8);
        test.Node("Add", "guarded", [test.Gemm("fc", "x", 8, 8), test.Scalar("epsilon", 1e-7f)]);
        test.Node("Where", "masked", [test.Node("Greater", "mask", ["guarded", test.Scalar("zero", 0)]), "guarded", test.Scalar("least", -1e30f)]);
        test.Relu("relu", "masked");
        var model = test.Output(test.Gemm("last", "relu", 8, 4), "N", 4).Build();

        var made = Made(model, RunTarget.Gpu);

        var half = made.Model.Graph.Nodes.Where(n => n.Outputs[0].EndsWith("/half", StringComparison.Ordinal) && n.OpType != "Cast").Select(n => n.Name);
        // What Where makes is out of range, so the Relu behind it is one of those.
        Assert.Equal(["fc", "last"], half.Order(StringComparer.Ordinal));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 0, Rounding);
    }

    [Fact]
    public void What_a_branch_reads_stays_a_single_float()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 8);
        test.Gemm("fc", "x", 8, 8);
        var branch = new GraphProto { Name = "branch" };
        branch.Node.Add(new NodeProto { OpType = "Relu", Name = "inner", Input = { "fc" }, Output = { "inner" } });
        branch.Output.Add(TestModel.Value("inner", ElementType.Float, "N", 8));
        var sign = test.Node("Greater", "sign", [test.Node("ReduceMax", "most", ["x"], ("keepdims", 0L)), test.Scalar("zero", 0)]);
        test.Node("If", "if", [sign]);
        foreach (var name in (string[])["then_branch", "else_branch"])
        {
            test.Graph.Node[^1].Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = branch });
        }

        var model = test.Output(test.Gemm("last", "if", 8, 4), "N", 4).Build();

        var made = Made(model, RunTarget.Gpu);

        Assert.Equal(2, made.Layers.Count(l => l.Form == "float16"));
        Assert.InRange(ModelAssert.Distance(model, made.Model), 0, Rounding);
    }

    [Theory]
    [InlineData(RunTarget.Cpu)]
    [InlineData(RunTarget.Gpu)]
    public void An_outline_weighs_what_the_model_will(RunTarget target)
    {
        var model = Residual().Build();

        Assert.Equal(Made(model, target).Model.Bytes, Quantizer(model, target).Outline(model, Token).Bytes);
    }

    /// <summary>Two convolutions beside a shortcut, and a product behind them.</summary>
    private static TestModel Residual()
    {
        var test = new TestModel(opset: 11);
        test.Input("x", "N", 3, 8, 8);
        test.Relu("relu1", test.Conv("conv1", "x", 3, 16, 3, pad: 1));
        test.Conv("conv2", "relu1", 16, 16, 3, pad: 1);
        test.Relu("relu2", test.Node("Add", "sum", [test.Conv("conv3", "conv2", 16, 16, 3, pad: 1), "relu1"]));
        test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", ["relu2"])]);
        test.Gemm("fc", "flat", 16, 16);
        return test.Output("fc", "N", 16);
    }

    private static QuantisedModel Made(OnnxModel model, RunTarget target) => Quantizer(model, target).Quantize(model, Token);

    private static ModelQuantizer Quantizer(OnnxModel model, RunTarget target) => new(
        ModelRunner.Runtime, Workbench.Backend, ModelRunner.Samples(model), hasData: true,
        new(new ReconstructionOptions(1, 16, 0, 1 << 26), new WeightGrid(WeightGrid.Reduced)) { Form = NumberForm.Float16, Target = target });
}
