using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection;

/// <summary>What stands in for statistics where there are no data.</summary>
public sealed class WhiteStatisticsTests
{
    [Fact]
    public void Constants_of_shape_arithmetic_are_no_weights()
    {
        var model = new TestModel();
        model.Input("x", "N", 12);
        model.Relu("hidden", model.Gemm("first", "x", 12, 16));
        model.Node("Shape", "shape", ["x"]);
        var two = new TensorProto { DataType = (int)ElementType.Int64, Int64Data = { 2 } };
        model.Node("Constant", "two", [], ("value", two));
        model.Node("Mul", "doubled", ["shape", "two"]);
        model.Node("ReduceSum", "total", ["doubled"], ("keepdims", 0));
        model.Node("Cast", "factor", ["total"], ("to", (long)ElementType.Float));
        model.Node("Mul", "scaled", ["hidden", "factor"]);
        model.Gemm("second", "scaled", 16, 4);
        var bench = new Workbench(model.Output("second", "N", 4).Build());

        var statistics = WhiteStatistics.Of(bench.Model, bench.Analysis);

        Assert.Equal(1, statistics.Places);
    }

    [Fact]
    public void A_constant_that_has_no_name_is_called_as_its_node_s_output()
    {
        var model = new TestModel();
        model.Node("Constant", "shapeless", [], ("value", new TensorProto { DataType = (int)ElementType.Float, Dims = { 3 }, FloatData = { 1 } }));
        var constant = new ModelGraph(model.Graph).Constant("shapeless")!;

        var thrown = Assert.Throws<OnnxCompress.Diagnostics.OnnxCompressException>(constant.ReadFloats);

        Assert.Contains("'shapeless'", thrown.Message, StringComparison.Ordinal);
    }
}
