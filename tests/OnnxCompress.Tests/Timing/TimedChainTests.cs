using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

/// <summary>What is timed has the sizes of what the network runs.</summary>
public sealed class TimedChainTests
{
    public static TheoryData<SplitForm, int, int, int, int> Splits => new()
    {
        { SplitForm.Plain, 5, 1, 0, 2 }, { SplitForm.Response, 7, 1, 0, 2 }, { SplitForm.Alds, 2, 4, 0, 2 }, { SplitForm.Alds, 3, 8, 0, 2 },
        { SplitForm.Input, 3, 1, 0, 2 }, { SplitForm.Tucker, 5, 1, 3, 3 }, { SplitForm.Spatial, 6, 1, 0, 2 },
    };

    [Theory]
    [MemberData(nameof(Splits))]
    public void A_split_has_the_multiply_accumulates_that_the_allocator_counts(SplitForm form, int rank, int groups, int inner, int nodes)
    {
        var (bench, whole) = Convolution();
        var shape = new SplitShape(form, rank, groups, inner);
        var layer = Assert.Single(SplitSites.Find(bench.Analysis));

        var chain = TimedChains.Of(whole, shape);

        Assert.Equal(nodes, chain.Nodes.Count);
        Assert.Equal(SplitCost.Of(shape, SplitSites.SizeOf(layer, bench.Analysis, 8, 12)).Macs, chain.Macs);
        Assert.Equal(whole.OutputSpace(), chain.Nodes[^1].OutputSpace());
        Assert.Equal((8, 12), (chain.Nodes[0].Inputs, chain.Nodes[^1].Outputs));
    }

    [Theory]
    [MemberData(nameof(Splits))]
    public void The_timed_model_runs_and_makes_the_shape_of_the_layer(SplitForm form, int rank, int groups, int inner, int nodes)
    {
        var (bench, whole) = Convolution();
        var chain = TimedChains.Of(whole, new SplitShape(form, rank, groups, inner));
        var model = NodeModel.Of(chain, copies: 3);

        using var session = ModelRunner.Runtime.Open(model, new SessionSettings(1));
        using var result = session.Run([NodeModel.InputOf(chain)], NodeModel.Outputs, TestContext.Current.CancellationToken);

        Assert.Equal(bench.Analysis.Relations.Shapes.Of("c")!.Select(d => (long)d), result.Dims(0));
        Assert.Equal(3 * nodes, model.Graph.Nodes.Count(n => n.OpType == "Conv"));
    }

    [Theory]
    [MemberData(nameof(Splits))]
    public void In_bytes_it_runs_operators_on_bytes(SplitForm form, int rank, int groups, int inner, int nodes)
    {
        var (bench, whole) = Convolution();
        var chain = TimedChains.Of(whole with { InBytes = true }, new SplitShape(form, rank, groups, inner));
        var model = NodeModel.Of(chain, copies: 3);

        var operators = OptimizedModel.Operators(model);
        using var session = ModelRunner.Runtime.Open(model, new SessionSettings(1));
        using var result = session.Run([NodeModel.InputOf(chain)], NodeModel.Outputs, TestContext.Current.CancellationToken);

        Assert.Equal((3 * nodes, 2), (operators.Count(o => o == "QLinearConv"), operators.Count(o => o == "QLinearAdd")));
        Assert.DoesNotContain("Conv", operators);
        Assert.Equal(bench.Analysis.Relations.Shapes.Of("c")!.Select(d => (long)d), result.Dims(0));
        Assert.NotEqual(new TimedChain(whole).Key, new TimedChain(whole with { InBytes = true }).Key);
    }

    [Theory]
    [InlineData("SAME_UPPER")]
    [InlineData("SAME_LOWER")]
    [InlineData("VALID")]
    public void Automatic_padding_is_spelled_out(string automatic)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 9, 8);
        builder.Node("Conv", "c", ["x", builder.Weight("c.w", 4, 3, 3, 4)], ("auto_pad", automatic), ("strides", new long[] { 2, 3 }));
        var bench = new Workbench(builder.Output("c").Build());

        var node = Timed(bench, bench.Model.Graph.Nodes[0]);

        Assert.Equal(bench.Analysis.Relations.Shapes.Of("c")!.Skip(2), node!.OutputSpace());
    }

    [Fact]
    public void Matrix_products_are_described_by_what_they_multiply()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Gemm("t", "x", 6, 5);
        builder.Gemm("n", "t", 5, 4, transB: false);
        builder.MatMul("m", "n", 4, 3);
        var bench = new Workbench(builder.Output("m").Build());

        var nodes = bench.Model.Graph.Nodes.Select(n => Timed(bench, n)!).ToArray();

        Assert.Equal([("Gemm", 6, 5, true), ("Gemm", 5, 4, false), ("MatMul", 4, 3, false)], nodes.Select(n => (n.OpType, n.Inputs, n.Outputs, n.OutputsFirst)));
        Assert.Equal(bench.Analysis.Macs, nodes.Sum(n => n.Macs));
        Assert.Equal(nodes.Length, nodes.DistinctBy(n => n.Key).Count());
    }

    [Theory]
    [InlineData("Gemm", true)]
    [InlineData("Gemm", false)]
    [InlineData("MatMul", true)]
    [InlineData("MatMul", false)]
    public void The_timed_model_of_a_matrix_product_runs(string opType, bool outputsFirst)
    {
        var chain = new TimedChain(new TimedNode(opType, 6, 4) { Space = [5], OutputsFirst = outputsFirst });

        using var session = ModelRunner.Runtime.Open(NodeModel.Of(chain, copies: 2), new SessionSettings(1));
        using var result = session.Run([NodeModel.InputOf(chain)], NodeModel.Outputs, TestContext.Current.CancellationToken);

        long[] expected = opType == "MatMul" && outputsFirst ? [4, 5] : [5, 4];
        Assert.Equal(expected, result.Dims(0));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_product_of_vectors_in_bytes_is_one(bool outputsFirst)
    {
        var chain = new TimedChain(new TimedNode("Gemm", 6, 4) { Space = [1], OutputsFirst = outputsFirst, InBytes = true });

        Assert.Equal(2, OptimizedModel.Operators(NodeModel.Of(chain, copies: 2)).Count(o => o == "QGemm"));
    }

    [Fact]
    public void Nodes_without_a_constant_weight_are_not_timed()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 4, 4);
        builder.Relu("r", builder.Node("MatMul", "m", ["x", "x"]));
        var bench = new Workbench(builder.Output("r").Build());

        Assert.All(bench.Model.Graph.Nodes, n => Assert.Null(Timed(bench, n)));
    }

    private static TimedNode? Timed(Workbench bench, GraphNode node) =>
        LinearMap.Of(node, bench.Model.Graph) is { } map ? TimedChains.Of(map, bench.Analysis.Relations.Shapes) : null;

    /// <summary>Strides, dilation and padding that differ along the axes.</summary>
    private static (Workbench Bench, TimedNode Whole) Convolution()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 8, 11, 13);
        builder.Node("Conv", "c", ["x", builder.Weight("c.w", 12, 8, 3, 2), builder.Weight("c.b", 12)],
            ("kernel_shape", new long[] { 3, 2 }), ("strides", new long[] { 2, 1 }), ("pads", new long[] { 1, 0, 2, 1 }), ("dilations", new long[] { 1, 2 }));
        var bench = new Workbench(builder.Output("c").Build());
        return (bench, Timed(bench, bench.Model.Graph.Nodes[0])!);
    }
}
