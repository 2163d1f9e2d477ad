using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Models;

/// <summary>Parameters are what a file holds: learnt numbers, each stored one once, in whatever form.</summary>
public sealed class ParameterCountTests
{
    [Fact]
    public void A_weight_that_two_layers_read_counts_once()
    {
        var test = new TestModel();
        test.Weight("w", 4, 4);
        var first = test.Node("MatMul", "first", [test.Input("x", "n", 4), "w"]);
        test.Output(test.Node("MatMul", "second", [first, "w"]), "n", 4);

        Assert.Equal(16, ParameterCount.Of(test.Build()));
    }

    [Fact]
    public void Quantised_weights_count_and_their_scales_and_zero_points_do_not()
    {
        var model = Quantised().Build();

        // 4 x 6 weights and 6 biases.
        Assert.Equal(30, ParameterCount.Of(model));
    }

    [Fact]
    public void Packed_weights_count_unpacked()
    {
        var test = new TestModel();
        test.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        Bytes(test, "packed", ElementType.UInt8, [8, 1, 16], new byte[128]);
        test.Floats("scales", [8], new float[8]);
        test.Output(test.Node("MatMulNBits", "product", [test.Input("x", "n", 32), "packed", "scales"], ("K", 32), ("N", 8), ("bits", 4), ("block_size", 32)), "n", 8);
        test.Graph.Node[^1].Domain = "com.microsoft";

        Assert.Equal(256, ParameterCount.Of(test.Build()));
    }

    [Fact]
    public void Weights_in_branches_count()
    {
        var model = Branching().Build();

        Assert.Equal(2 * ((4 * 6) + 6), ParameterCount.Of(model));
    }

    [Fact]
    public void Numbers_in_every_form_of_a_constant_count_and_integers_do_not()
    {
        var test = new TestModel();
        test.Node("Constant", "one", [], ("value_float", 2f));
        test.Graph.Node.Add(new NodeProto
        {
            OpType = "Constant", Name = "several", Output = { "several" },
            Attribute = { new AttributeProto { Name = "value_floats", Type = AttributeProto.Types.AttributeType.Floats, Floats = { 1, 2, 3, 4 } } },
        });
        test.Node("Constant", "sizes", [], ("value_ints", new long[] { 0, 4 }));
        var scaled = test.Node("Mul", "scaled", [test.Node("Mul", "twice", [test.Input("x", "n", 4), "one"]), "several"]);
        test.Output(test.Node("Reshape", "shaped", [scaled, "sizes"]), "n", 4);

        Assert.Equal(5, ParameterCount.Of(test.Build()));
    }

    [Fact]
    public void Of_a_sparse_weight_the_values_that_are_stored_count()
    {
        var test = new TestModel();
        var values = new TensorProto { Name = "sparse", DataType = 1, Dims = { 3 }, FloatData = { 1, 2, 3 } };
        var places = new TensorProto { Name = "sparse_places", DataType = 7, Dims = { 3 }, Int64Data = { 0, 5, 10 } };
        test.Graph.SparseInitializer.Add(new SparseTensorProto { Values = values, Indices = places, Dims = { 4, 4 } });
        test.Output(test.Node("MatMul", "product", [test.Input("x", "n", 4), "sparse"]), "n", 4);

        Assert.Equal(3, ParameterCount.Of(test.Build()));
    }

    /// <summary>A layer as dynamic quantisation leaves it.</summary>
    internal static TestModel Quantised()
    {
        var test = new TestModel();
        Bytes(test, "w", ElementType.Int8, [4, 6], [.. Enumerable.Range(0, 24).Select(i => (byte)i)]);
        Bytes(test, "w_zero", ElementType.Int8, [], [0]);
        test.Nodes("DynamicQuantizeLinear", "quantise", [test.Input("x", "n", 4)], ["q", "q_scale", "q_zero"]);
        var product = test.Node("Cast", "cast", [test.Node("MatMulInteger", "product", ["q", "w", "q_zero", "w_zero"])], ("to", 1));
        var scale = test.Node("Mul", "scales", ["q_scale", test.Scalar("w_scale", 0.1f)]);
        test.Output(test.Node("Add", "sum", [test.Node("Mul", "scaled", [product, scale]), test.Weight("b", 6)]), "n", 6);
        return test;
    }

    /// <summary>A layer in each branch of an If.</summary>
    internal static TestModel Branching()
    {
        var test = new TestModel();
        test.Input("x", "n", 4);
        test.Node("Greater", "positive", [test.Node("ReduceSum", "sum", ["x"], ("keepdims", 0)), test.Floats("zero", [], 0)]);
        test.Graph.Initializer.Remove(test.Graph.Initializer.Single(i => i.Name == "zero"));
        test.Graph.Node.Insert(0, new NodeProto
        {
            OpType = "Cast", Name = "zero", Input = { test.Integers("nothing", 0) }, Output = { "zero" },
            Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = 1 } },
        });
        test.Graph.Node.Insert(2, new NodeProto { OpType = "Squeeze", Name = "flag", Input = { "positive" }, Output = { "flag" } });
        (test.Graph.Node[2], test.Graph.Node[3]) = (test.Graph.Node[3], test.Graph.Node[2]);
        test.Output(test.Node("If", "branch", ["flag"], ("then_branch", Branch("then", 1)), ("else_branch", Branch("else", 2))), "n", 6);
        return test;
    }

    private static GraphProto Branch(string name, int seed)
    {
        var inner = new TestModel(seed: seed);
        inner.Node("Gemm", $"{name}/fc", ["x", inner.Weight($"{name}/w", 4, 6), inner.Weight($"{name}/b", 6)]);
        inner.Graph.Output.Add(TestModel.Value($"{name}/fc", ElementType.Float, "n", 6));
        inner.Graph.Name = name;
        return inner.Graph;
    }

    private static void Bytes(TestModel test, string name, ElementType type, long[] dims, byte[] bytes)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type, RawData = Google.Protobuf.ByteString.CopyFrom(bytes) };
        tensor.Dims.AddRange(dims);
        test.Graph.Initializer.Add(tensor);
    }
}
