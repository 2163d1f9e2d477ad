using OnnxCompress.Diagnostics;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Dependencies;

public sealed class MatrixProductTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Neurons_between_fully_connected_layers_are_a_group(bool firstTransposed, bool secondTransposed)
    {
        var builder = Vector(6);
        builder.Gemm("f2", builder.Relu("r", builder.Gemm("f1", "x", 6, 9, firstTransposed)), 9, 4, secondTransposed);

        var bench = builder.Analyze("f2");

        GroupAssert.Group(bench, 9, ["f1"], ["f2"]);
        GroupAssert.Refused(bench, "f2", DiagnosticCodes.ReachesOutput);
    }

    [Fact]
    public void The_constant_added_to_a_product_is_its_bias()
    {
        var builder = new TestModel();
        builder.Input("x", "N", "L", 6);
        builder.Node("Add", "a1", [builder.Weight("b1", 9), builder.MatMul("m1", "x", 6, 9)]);
        builder.Node("Add", "a2", [builder.MatMul("m2", "a1", 9, 4), builder.Weight("b2", 4)]);

        var group = GroupAssert.Group(builder.Analyze("a2"), 9, ["m1"], ["m2"]);

        Assert.Equal(["a1"], group.Carried);
        Assert.Equal("b2", group.ConsumerLayers[0].Layer.Bias);
    }

    [Fact]
    public void A_product_that_others_read_has_no_bias_of_its_own()
    {
        var builder = Vector(6);
        builder.MatMul("m2", builder.MatMul("m1", "x", 6, 9), 9, 4);
        builder.Node("Add", "a", ["m2", builder.Weight("b", 4)]);
        builder.Node("Mul", "both", ["m2", "a"]);

        var group = GroupAssert.Group(builder.Analyze("both"), 9, ["m1"], ["m2"]);

        Assert.Null(group.ConsumerLayers[0].Layer.Bias);
    }

    [Fact]
    public void A_constant_on_the_left_contracts_the_second_last_axis()
    {
        // Token mixing: positions are the channels of this layer.
        var builder = new TestModel();
        builder.Input("x", "N", 5, 6);
        builder.Node("MatMul", "m1", [builder.Weight("w1", 7, 5), "x"]);
        builder.Node("MatMul", "m2", [builder.Weight("w2", 3, 7), builder.Relu("r", "m1")]);

        var group = GroupAssert.Group(builder.Analyze("m2"), 7, ["m1"], ["m2"]);

        Assert.Equal(1, group.ConsumerLayers[0].Layer.InputChannelAxis);
    }

    [Fact]
    public void Scaled_gemms_have_no_bias_that_could_take_constants()
    {
        var builder = Vector(6);
        builder.Gemm("f1", "x", 6, 5);
        builder.Node("Gemm", "f2", ["f1", builder.Weight("w", 4, 5), builder.Weight("b", 4)], ("transB", 1), ("beta", 0.5f));

        var group = GroupAssert.Group(builder.Analyze("f2"), 5, ["f1"], ["f2"]);

        Assert.Null(group.ConsumerLayers[0].Layer.Bias);
    }

    [Fact]
    public void A_gemm_that_transposes_its_input_holds_it()
    {
        var builder = new TestModel();
        builder.Input("x", 1, 6);
        builder.Gemm("f1", "x", 6, 5);
        builder.Node("Gemm", "f2", ["f1", builder.Weight("w", 1, 3)], ("transA", 1));

        Assert.Empty(builder.Analyze("f2").Analysis.Groups);
    }

    [Fact]
    public void A_bias_over_rows_is_not_a_bias_over_neurons()
    {
        // [3, 1] broadcasts along the outputs, though it holds as many values as there are outputs.
        var builder = new TestModel();
        builder.Input("x", 3, 6);
        builder.Gemm("f1", "x", 6, 5);
        builder.Node("Gemm", "f2", ["f1", builder.Weight("w", 3, 5), builder.Weight("b", 3, 1)], ("transB", 1));

        var group = GroupAssert.Group(builder.Analyze("f2"), 5, ["f1"], ["f2"]);

        Assert.Null(group.ConsumerLayers[0].Layer.Bias);
    }

    [Fact]
    public void Attention_loses_whole_heads_and_positions_of_the_values_of_all_heads()
    {
        var builder = new TestModel();
        builder.Input("x", "N", "L", 8);
        var scores = builder.Node("MatMul", "qk", [Heads(builder, "q", 8, 0, 2, 1, 3), Heads(builder, "k", 8, 0, 2, 3, 1)]);
        builder.Node("MatMul", "mixed", [builder.Node("Softmax", "s", [scores], ("axis", 3)), Heads(builder, "v", 12, 0, 2, 1, 3)]);
        builder.Node("Transpose", "back", ["mixed"], ("perm", new long[] { 0, 2, 1, 3 }));
        builder.Node("Reshape", "flat", ["back", builder.Integers("flat.shape", 0, 0, 12)]);
        builder.MatMul("o", "flat", 12, 8);

        var bench = builder.Analyze("o");

        // Two heads of six: position i of both goes together.
        GroupAssert.Group(bench, 6, ["v"], ["o"]);
        GroupAssert.Group(bench, 2, ["q", "k", "v"], ["o"]);
        Assert.Equal(2, bench.Analysis.Groups.Count);
    }

    private static string Heads(TestModel builder, string name, int width, params long[] permutation)
    {
        builder.Node("Reshape", $"{name}.split", [builder.MatMul(name, "x", 8, width), builder.Integers($"{name}.shape", 0, 0, 2, width / 2)]);
        return builder.Node("Transpose", $"{name}.heads", [$"{name}.split"], ("perm", permutation));
    }

    private static TestModel Vector(int width)
    {
        var builder = new TestModel();
        builder.Input("x", "N", width);
        return builder;
    }
}
