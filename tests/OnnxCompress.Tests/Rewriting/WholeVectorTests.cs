using OnnxCompress.Dependencies;
using OnnxCompress.Rewriting;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Odd widths between convolutions are padded with zeros, and nothing else changes.</summary>
public sealed class WholeVectorTests
{
    /// <summary>The runtime sums a few more zeros, in another order.</summary>
    private const double Rounding = 1e-6;

    [Theory]
    [InlineData("Relu")]
    [InlineData("Sigmoid")]
    [InlineData("MaxPool")]
    [InlineData("GlobalAveragePool")]
    public void It_gives_the_same_numbers(string between)
    {
        var test = new TestModel();
        var first = test.Conv("first", test.Input("x", "n", 3, 8, 8), 3, 21, kernel: 3, pad: 1);
        var middle = between == "MaxPool" ? test.Node(between, "between", [first], ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 })) : test.Node(between, "between", [first]);
        test.Output(test.Conv("second", test.Relu("relu", middle), 21, 5), "n", 5);
        test.Graph.Output[0].Type.TensorType.Shape = null;
        var bench = new Workbench(test.Build());
        var before = bench.Analysis.Macs;

        var rewritten = bench.Model.Clone();
        var added = FasterForms.CarryOut(FasterForms.Names, rewritten.Graph, new Shrinkage(rewritten.Graph, bench.Analysis.Relations, null));

        Assert.Equal([24L, 3, 3, 3], rewritten.Graph.Constant("first.w")!.Dims);
        Assert.Equal([5L, 24, 1, 1], rewritten.Graph.Constant("second.w")!.Dims);
        ModelAssert.SameOutputs(bench.Model, rewritten, Rounding, "zeros added");
        Assert.Equal(new Workbench(rewritten).Analysis.Macs, before + added);
    }

    [Fact]
    public void Widths_in_a_row_are_padded_one_after_the_other()
    {
        var test = new TestModel();
        var first = test.Relu("r1", test.Conv("first", test.Input("x", "n", 3, 8, 8), 3, 21));
        var second = test.Relu("r2", test.Conv("second", first, 21, 30));
        test.Output(test.Conv("third", second, 30, 5), "n", 5, 8, 8);
        var bench = new Workbench(test.Build());

        var rewritten = bench.Model.Clone();
        var added = FasterForms.CarryOut(FasterForms.Names, rewritten.Graph, new Shrinkage(rewritten.Graph, bench.Analysis.Relations, null));

        Assert.Equal([32L, 24, 1, 1], rewritten.Graph.Constant("second.w")!.Dims);
        ModelAssert.SameOutputs(bench.Model, rewritten, Rounding, "zeros added");
        Assert.Equal(new Workbench(rewritten).Analysis.Macs, bench.Analysis.Macs + added);
    }

    [Theory]
    [InlineData("an output")]
    [InlineData("another reader")]
    [InlineData("an operator between channels")]
    [InlineData("a group")]
    [InlineData("a shared weight")]
    public void What_others_look_at_stays(string what)
    {
        var test = new TestModel();
        var first = test.Conv("first", test.Input("x", "n", 3, 8, 8), 3, 21);
        var relu = test.Node(what == "an operator between channels" ? "LRN" : "Relu", "relu", [first], what == "an operator between channels" ? [("size", 3L)] : []);
        test.Output(what == "a group" ? test.Conv("second", relu, 21, 21, group: 21) : test.Conv("second", relu, 21, 5), "n", what == "a group" ? 21 : 5, 8, 8);
        if (what == "an output")
        {
            test.Output(relu, "n", 21, 8, 8);
        }
        else if (what == "another reader")
        {
            test.Output(test.Node("Neg", "other", [relu]), "n", 21, 8, 8);
        }
        else if (what == "a shared weight")
        {
            test.Output(test.Node("Conv", "twin", ["x", "first.w"]), "n", 21, 8, 8);
        }

        var bench = new Workbench(test.Build());

        Assert.False(FasterForms.HaveWork(FasterForms.Names, bench.Model.Graph, new Shrinkage(bench.Model.Graph, bench.Analysis.Relations, null)));
    }

    [Theory]
    [InlineData(8, 3, 4)]
    [InlineData(8, 5, 8)]
    [InlineData(8, 12, 12)]
    [InlineData(8, 30, 32)]
    [InlineData(16, 8, 8)]
    [InlineData(16, 10, 16)]
    [InlineData(16, 12, 16)]
    [InlineData(16, 18, 20)]
    public void The_next_width_is_one_that_takes_less_time(int vector, int width, int padded) => Assert.Equal(padded, WidthTable.Padded(width, vector));
}
