using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Forms of models that exporters write and that a rewriter easily breaks.</summary>
public sealed class UncommonModelTests
{
    private const string Exact = "the same products in another blocking";
    private const double Rounding = 1e-5;

    [Fact]
    public void A_default_value_that_nothing_reads_any_more_stays_with_its_input()
    {
        // Older exporters list every initializer among the inputs: without its value the input would have to be fed.
        var builder = Flattened(model => model.Integers("shape", 0, 24));
        builder.Graph.Input.Add(TestModel.Value("shape", ElementType.Int64, 2));
        var bench = new Workbench(builder.Build());

        var rewritten = bench.Slice(("c1", [0, 2]));

        ModelAssert.SameContract(bench.Model, rewritten);
        ModelAssert.SameOutputs(bench.Silence(("c1", [0, 2])), rewritten, Rounding, Exact);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(13)]
    [InlineData(17)]
    public void A_computed_flatten_becomes_a_constant_that_keeps_the_batch_dynamic(long opset)
    {
        var builder = new TestModel(opset);
        builder.Input("x", "N", 3, 2, 3);
        builder.Relu("r", builder.Conv("c1", "x", 3, 4));
        builder.Node("Gather", "batch", [builder.Node("Shape", "shape_of", ["r"]), builder.Integers("zero", 0)], ("axis", 0));
        builder.Node("Concat", "target", ["batch", builder.Integers("minus", -1)], ("axis", 0));
        builder.Node("Reshape", "flat", ["r", "target"]);
        builder.Gemm("f", "flat", 24, 2);
        var bench = new Workbench(builder.Output("f", "N", 2).Build());

        var rewritten = bench.Slice(("c1", [0, 2]));

        ModelAssert.SameContract(bench.Model, rewritten);
        ModelAssert.SameOutputs(bench.Silence(("c1", [0, 2])), rewritten, Rounding, Exact);
    }

    [Theory]
    [InlineData(-1, 24)]
    [InlineData(0, 24)]
    [InlineData(0, -1)]
    public void A_stated_flatten_is_stated_anew(long first, long second)
    {
        var bench = new Workbench(Flattened(model => model.Integers("shape", first, second)).Build());

        var rewritten = bench.Slice(("c1", [1]));

        ModelAssert.SameContract(bench.Model, rewritten);
        ModelAssert.SameOutputs(bench.Silence(("c1", [1])), rewritten, Rounding, Exact);
    }

    [Fact]
    public void A_shape_constant_shared_by_two_reshapes_serves_each_with_its_own_size()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 2, 3);
        builder.Integers("shape", -1, 24);
        builder.Node("Reshape", "flat1", [builder.Conv("c1", "x", 3, 4), "shape"]);
        builder.Node("Reshape", "flat2", [builder.Conv("c2", "x", 3, 4), "shape"]);
        builder.Node("Add", "sum", [builder.Gemm("f1", "flat1", 24, 2), builder.Gemm("f2", "flat2", 24, 2)]);
        var bench = new Workbench(builder.Output("sum", "N", 2).Build());

        var rewritten = bench.Slice(("c1", [0, 2]), ("c2", [1, 2, 3]));

        ModelAssert.SameOutputs(bench.Silence(("c1", [0, 2]), ("c2", [1, 2, 3])), rewritten, Rounding, Exact);
    }

    [Fact]
    public void Weights_in_constant_nodes_are_rewritten_there()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 2, 2);
        builder.Conv("c2", builder.Relu("r", builder.Conv("c1", "x", 3, 4)), 4, 2);
        foreach (var tensor in builder.Graph.Initializer.ToArray())
        {
            builder.Graph.Initializer.Remove(tensor);
            builder.Nodes("Constant", $"constant_{tensor.Name}", [], [tensor.Name], ("value", tensor));
        }

        var bench = new Workbench(builder.Output("c2", "N", 2, 2, 2).Build());
        var rewritten = bench.Slice(("c1", [0, 3]));

        ModelAssert.SameOutputs(bench.Silence(("c1", [0, 3])), rewritten, Rounding, Exact);
        Assert.Equal([2, 3, 1, 1], rewritten.Graph.Constant("c1.w")!.Dims);
    }

    [Fact]
    public void Constants_of_other_types_along_the_channels_are_sliced_too()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 2, 2);
        builder.Conv("c1", "x", 3, 4);
        var mask = new TensorProto { Name = "mask", DataType = (int)ElementType.Bool };
        mask.Dims.AddRange([4L, 1, 1]);
        mask.Int32Data.AddRange([1, 0, 1, 1]);
        builder.Graph.Initializer.Add(mask);
        builder.Node("Where", "where", ["mask", "c1", builder.Scalar("zero", 0)]);
        builder.Conv("c2", "where", 4, 2);
        var bench = new Workbench(builder.Output("c2", "N", 2, 2, 2).Build());

        var rewritten = bench.Slice(("c1", [0, 1, 3]));

        ModelAssert.SameOutputs(bench.Silence(("c1", [0, 1, 3])), rewritten, Rounding, Exact);
    }

    [Fact]
    public void A_value_computed_from_the_number_of_channels_holds_them()
    {
        // x / sqrt(C), with C read off the shape, as exported attention scales its scores: fewer channels, another scale.
        var builder = new TestModel();
        builder.Input("x", "N", 3, 2, 2);
        builder.Conv("c1", "x", 3, 4);
        builder.Node("Gather", "count", [builder.Node("Shape", "shape", ["c1"]), builder.Integers("one", 1)], ("axis", 0));
        builder.Node("Sqrt", "root", [builder.Node("Cast", "float", ["count"], ("to", 1))]);
        builder.Conv("c2", builder.Node("Div", "scaled", ["c1", "root"]), 4, 2);
        var bench = new Workbench(builder.Output("c2", "N", 2, 2, 2).Build());

        foreach (var group in bench.Analysis.Groups)
        {
            ModelAssert.SameOutputs(bench.Silence((group.Name, [0, 1])), bench.Slice((group.Name, [0, 1])), Rounding, Exact);
        }
    }

    [Fact]
    public void Scalars_in_constant_nodes_do_not_hold_channels()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 2, 2);
        builder.Nodes("Constant", "half", [], ["half"], ("value_float", 0.5f));
        builder.Conv("c2", builder.Node("Mul", "scaled", [builder.Conv("c1", "x", 3, 4), "half"]), 4, 2);
        var bench = new Workbench(builder.Output("c2", "N", 2, 2, 2).Build());

        var rewritten = bench.Slice(("c1", [0, 3]));

        ModelAssert.SameOutputs(bench.Silence(("c1", [0, 3])), rewritten, Rounding, Exact);
    }

    [Fact]
    public void A_pool_whose_indices_are_read_holds_its_channels()
    {
        // The indices count through all channels: with fewer channels they are other numbers.
        var builder = new TestModel();
        builder.Input("x", "N", 3, 4, 4);
        builder.Nodes("MaxPool", "pool", [builder.Conv("c1", "x", 3, 4)], ["pool", "where"], ("kernel_shape", new long[] { 2, 2 }));
        builder.Node("Add", "both", ["pool", builder.Node("Cast", "floats", ["where"], ("to", 1))]);
        builder.Conv("c2", "both", 4, 2);
        var bench = new Workbench(builder.Output("c2", "N", 2, 3, 3).Build());

        Assert.Empty(bench.Analysis.Groups);
    }

    [Fact]
    public void A_double_model_stays_double()
    {
        var builder = new TestModel();
        builder.Input("x", ElementType.Double, "N", 6);
        builder.Gemm("f2", builder.Relu("r", builder.Gemm("f1", "x", 6, 5)), 5, 3);
        builder.Output("f2", ElementType.Double, "N", 3);
        foreach (var tensor in builder.Graph.Initializer)
        {
            var values = new Initializer(tensor).ReadFloats();
            tensor.DataType = (int)ElementType.Double;
            tensor.ClearRawData();
            tensor.DoubleData.AddRange(values.Select(v => v + 1e-10));
        }

        var bench = new Workbench(builder.Build());
        var rewritten = bench.Slice(("f1", [0, 2, 4]));

        // What is kept of the producer keeps all its digits; the consumer's weights pass through float.
        Assert.Equal(bench.Model.Graph.Constant("f1.b")!.ReadFloats()[2], rewritten.Graph.Constant("f1.b")!.ReadFloats()[1]);
        ModelAssert.SameOutputs(bench.Silence(("f1", [0, 2, 4])), rewritten, 1e-6, "consumer weights rounded to float");
    }

    private static TestModel Flattened(Func<TestModel, string> shape)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 2, 3);
        builder.Node("Reshape", "flat", [builder.Relu("r", builder.Conv("c1", "x", 3, 4)), shape(builder)]);
        builder.Gemm("f", "flat", 24, 2);
        return builder.Output("f", "N", 2);
    }
}
