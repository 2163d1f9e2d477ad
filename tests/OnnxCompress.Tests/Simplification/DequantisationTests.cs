using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.Simplification;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Simplification;

/// <summary>Models in whole numbers as input: read as the layers that they stand for, thinned, and written back.</summary>
public sealed class DequantisationTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Convolutions_in_bytes_are_layers_with_weights_again()
    {
        var model = Images().Build();
        var quantised = In(NumberForm.Int8, model);

        var read = Dequantisation.Of(quantised);

        Assert.DoesNotContain(read.Graph.Nodes, n => n.OpType is "QuantizeLinear" or "DequantizeLinear");
        Assert.Equal(Operators(model), Operators(read));
        // Zeros beside the weights of three channels, where that was measured to be faster, go again.
        var zeros = quantised.Graph.Nodes.Any(n => n.OpType == "Gather") ? 24 * 9 : 0;
        Assert.Equal(ParameterCount.Of(quantised) - zeros, ParameterCount.Of(read));
        // What is left is the rounding of weights.
        Assert.InRange(ModelAssert.Distance(quantised, read), 1e-6, 0.05);
        ModelAssert.SameContract(model, read);
    }

    [Fact]
    public void Zeros_that_were_padded_in_bytes_are_padded_in_floating_point()
    {
        var test = new TestModel(opset: 13);
        var relu = test.Relu("relu", test.Conv("first", test.Input("x", "N", 3, 6, 6), 3, 8, 3, pad: 1));
        test.Conv("second", test.Node("Pad", "pad", [relu, test.Integers("pads", 0, 2, 1, 1, 0, 2, 1, 1)]), 12, 4, 3);
        var model = test.Output("second", "N", 4, 6, 6).Build();
        var quantised = In(NumberForm.Int8, model);

        var read = Dequantisation.Of(quantised);

        Assert.Contains(quantised.Graph.Nodes, n => n.OpType == "Pad" && quantised.Graph.Producer(n.Inputs[0])!.OpType == "QuantizeLinear");
        Assert.DoesNotContain(read.Graph.Nodes, n => n.OpType is "QuantizeLinear" or "DequantizeLinear");
        Assert.Equal(3, read.Graph.Constant(read.Graph.Nodes.Single(n => n.Name == "first").Inputs[1])!.Dims[1]);
        Assert.InRange(ModelAssert.Distance(quantised, read), 1e-6, 0.05);
        ModelAssert.SameContract(model, read);
    }

    [Theory]
    [InlineData(NumberForm.Int8)]
    [InlineData(NumberForm.Int4)]
    public void Products_and_tables_are_read_with_the_weights_that_the_runtime_reads(NumberForm form)
    {
        var model = Words().Build();
        var quantised = In(form, model);

        var read = Dequantisation.Of(quantised);

        Assert.Equal(3, read.Graph.Nodes.Select(n => LinearMap.Of(n, read.Graph)).OfType<LinearMap>().Count());
        Assert.Equal(ParameterCount.Of(quantised), ParameterCount.Of(read));
        Assert.InRange(ModelAssert.Distance(quantised, read), 1e-6, 0.05);
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(4, true)]
    [InlineData(8, false)]
    public void Blocks_may_have_zero_points_and_products_a_bias(int bits, bool isUnpacked)
    {
        // Three blocks, the last of which is not whole.
        const int Columns = 72, Rows = 10, Block = 32, Blocks = 3;
        var test = new TestModel(opset: 17);
        var random = new Random(5);
        string Bytes(string name, params long[] dims)
        {
            var bytes = new byte[dims.Aggregate(1L, (a, b) => a * b)];
            random.NextBytes(bytes);
            var tensor = new TensorProto { Name = name, DataType = (int)ElementType.UInt8, RawData = Google.Protobuf.ByteString.CopyFrom(bytes) };
            tensor.Dims.AddRange(dims);
            test.Graph.Initializer.Add(tensor);
            return name;
        }

        string Zeros(string name, int rows, int blocks) => isUnpacked
            ? test.Floats(name, [rows, blocks], [.. Enumerable.Range(0, rows * blocks).Select(_ => (float)random.Next(1 << bits))])
            : Bytes(name, rows, ((blocks * bits) + 7) / 8);
        string Steps(string name, params long[] dims) => test.Floats(name, dims, [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (a, b) => a * b)).Select(_ => (float)(0.01 + (0.02 * random.NextDouble())))]);
        (string, object)[] sizes = [("K", Columns), ("N", Rows), ("bits", bits), ("block_size", Block)];
        var product = test.Own(test.Node("MatMulNBits", "product", [test.Input("x", "N", Columns), Bytes("w", Rows, Blocks, Block * bits / 8), Steps("s", Rows, Blocks), Zeros("z", Rows, Blocks), "", test.Weight("b", Rows)], sizes));
        test.Output(product, "N", Rows);
        if (!isUnpacked)
        {
            // A table has its zero points packed.
            var ids = test.Input("ids", ElementType.Int64, "N", 4);
            test.Output(test.Own(test.Node("GatherBlockQuantized", "table", [Bytes("tw", 6, 96 * bits / 8), ids, Steps("ts", 6, Blocks), Zeros("tz", 6, Blocks)], ("bits", bits), ("block_size", Block), ("gather_axis", 0), ("quantize_axis", 1))), "N", 4, 96);
        }

        var model = test.Build();

        var read = Dequantisation.Of(model);

        Assert.DoesNotContain(read.Graph.Nodes, n => n.Domain.Length > 0);
        ModelAssert.SameContract(model, read);
        // The runtime multiplies blocks in another order.
        ModelAssert.SameOutputs(model, read, 1e-5, $"{bits} bits");
    }

    [Fact]
    public void A_range_that_ends_at_zero_cuts_off_what_lies_below()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 4);
        test.Gemm("fc", "x", 4, 4);
        var (step, zero) = (test.Scalar("step", 0.02f), Zero(test));
        test.Node("QuantizeLinear", "q", ["fc", step, zero]);
        test.Node("DequantizeLinear", "dq", ["q", step, zero]);
        var model = test.Output(test.Node("Neg", "neg", ["dq"]), "N", 4).Build();

        var read = Dequantisation.Of(model);

        Assert.Contains(read.Graph.Nodes, n => n.OpType == "Relu");
        Assert.InRange(ModelAssert.Distance(model, read), 1e-6, 0.1);
    }

    [Fact]
    public void A_model_in_floating_point_is_left_as_it_is()
    {
        var model = Images().Build();

        Assert.Same(model, Dequantisation.Of(model));
    }

    [Theory]
    [InlineData(NumberForm.Int8, NumberForm.Int8)]
    [InlineData(NumberForm.Int8, NumberForm.Int4)]
    public void A_model_in_whole_numbers_is_thinned_and_written_back(NumberForm before, NumberForm after)
    {
        var model = Images().Build();
        var quantised = In(before, model);

        var again = Compress(quantised, new CompressionOptions { Budget = new(KeepParameters: 0.8), Precision = after });
        var direct = Compress(model, new CompressionOptions { Budget = new(KeepParameters: 0.8), Precision = after });

        Assert.NotEmpty(again.Sites);
        Assert.True(again.Compressed.Parameters <= 0.8 * again.Original.Parameters);
        Assert.True(again.Compressed.Bytes < again.Original.Bytes);
        Assert.Equal(quantised.Bytes, again.Original.Bytes);
        // Rounded twice, the result is about as far from the float model as when it is rounded once.
        Assert.True(ModelAssert.Distance(model, again.Model) < (1.3 * ModelAssert.Distance(model, direct.Model)) + 0.02);
    }

    [Fact]
    public void Without_being_asked_to_write_whole_numbers_they_stay()
    {
        var quantised = In(NumberForm.Int8, Images().Build());

        Assert.Equal(quantised.Graph.Nodes.Count, PreparedModel.Of(quantised, ModelRunner.Samples(quantised), ModelRunner.Runtime, new CompressionOptions(), Token).Model.Graph.Nodes.Count);
    }

    private static string Zero(TestModel test)
    {
        test.Graph.Initializer.Add(new TensorProto { Name = "zero", DataType = (int)ElementType.UInt8, RawData = Google.Protobuf.ByteString.CopyFrom(0) });
        return "zero";
    }

    private static string[] Operators(OnnxModel model) => [.. model.Graph.Nodes.Select(n => n.OpType).Order(StringComparer.Ordinal)];

    private static OnnxModel In(NumberForm form, OnnxModel model) => OnnxModel.Load(Compress(model, new CompressionOptions { RemovesNothing = true, Precision = form }).Model.ToBytes());

    private static CompressionResult Compress(OnnxModel model, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, ModelRunner.Samples(model, count: 64), options with { Threads = 1 }, null, Token);

    private static TestModel Images()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 8, 8);
        test.Relu("relu1", test.Conv("conv1", "x", 3, 24, 3, pad: 1));
        test.Relu("relu2", test.Conv("conv2", "relu1", 24, 24, 3, pad: 1));
        test.Relu("relu3", test.Node("Add", "sum", [test.Conv("conv3", "relu2", 24, 24, 3, pad: 1), "relu1"]));
        test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", ["relu3"])]);
        return test.Output(test.Gemm("fc", "flat", 24, 10), "N", 10);
    }

    private static TestModel Words()
    {
        var test = new TestModel(opset: 13);
        test.Input("ids", ElementType.Int64, "N", 6);
        test.Node("Gather", "table", [test.Weight("table.w", 100, 64), "ids"]);
        test.Node("Add", "first.add", [test.MatMul("first", "table", 64, 128), test.Weight("first.b", 128)]);
        test.MatMul("second", test.Relu("relu", "first.add"), 128, 64);
        return test.Output("second", "N", 6, 64);
    }
}
