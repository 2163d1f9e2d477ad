using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Simplification;

public sealed class SimplifierTests
{
    /// <summary>Folding rounds each weight once more than the original arithmetic does.</summary>
    private const double Rounding = 1e-5;

    [Fact]
    public void A_batch_normalization_is_folded_into_the_convolution_before_it()
    {
        var test = new TestModel();
        var input = test.Input("x", "n", 3, 6, 6);
        test.Output(test.Relu("relu", test.BatchNorm("norm", test.Conv("conv", input, 3, 8, kernel: 3, pad: 1), 8)), "n", 8, 6, 6);
        var model = test.Build();

        var simplified = Simplify(model);

        Assert.DoesNotContain(simplified.Graph.Nodes, n => n.OpType == "BatchNormalization");
        ModelAssert.SameOutputs(model, simplified, Rounding, "scale folded into float weights");
        ModelAssert.SameContract(model, simplified);
    }

    [Fact]
    public void A_batch_normalization_stays_when_another_node_reads_the_convolution()
    {
        var test = new TestModel();
        var conv = test.Conv("conv", test.Input("x", "n", 3, 6, 6), 3, 8);
        test.Output(test.Node("Add", "sum", [test.BatchNorm("norm", conv, 8), conv]), "n", 8, 6, 6);
        var model = test.Build();

        var simplified = Simplify(model);

        Assert.Contains(simplified.Graph.Nodes, n => n.OpType == "BatchNormalization");
        ModelAssert.SameOutputs(model, simplified, Rounding, "nothing folded");
    }

    [Fact]
    public void A_weight_behind_a_transpose_becomes_a_constant()
    {
        var test = new TestModel();
        var input = test.Input("x", "n", 4);
        var turned = test.Node("Transpose", "turn", [test.Weight("w", 6, 4)]);
        test.Output(test.Node("MatMul", "product", [input, turned]), "n", 6);
        var model = test.Build();

        var simplified = Simplify(model);

        Assert.Equal("MatMul", Assert.Single(simplified.Graph.Nodes).OpType);
        ModelAssert.SameOutputs(model, simplified, Rounding, "the same product");
    }

    [Fact]
    public void Identity_and_idle_dropout_go()
    {
        var test = new TestModel();
        var input = test.Input("x", "n", 4);
        var passed = test.Node("Dropout", "drop", [test.Node("Identity", "same", [input])]);
        test.Output(test.Relu("relu", passed), "n", 4);
        var model = test.Build();

        var simplified = Simplify(model);

        Assert.Equal("Relu", Assert.Single(simplified.Graph.Nodes).OpType);
        ModelAssert.SameOutputs(model, simplified, Rounding, "nothing computed differently");
    }

    [Fact]
    public void The_model_that_was_given_is_not_changed()
    {
        var test = new TestModel();
        test.Output(test.BatchNorm("norm", test.Conv("conv", test.Input("x", "n", 3, 6, 6), 3, 8), 8), "n", 8, 6, 6);
        var model = test.Build();
        var before = model.ToBytes();

        Simplify(model);

        Assert.Equal(before, model.ToBytes());
    }

    private static OnnxModel Simplify(OnnxModel model)
    {
        var sample = ModelRunner.Samples(model).Read(SampleBatches.Of(1, model.Inputs, 1).First().Indices);
        return Simplifier.Simplify(model, ModelRunner.Runtime, sample, TestContext.Current.CancellationToken);
    }
}
