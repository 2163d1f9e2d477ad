using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Rewriting;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>
/// Layers as two or three thin ones, run in ONNX Runtime beside the original (fixtures D3 b and e). At full rank every
/// form is the layer itself.
/// </summary>
public sealed class SplitRewriterTests
{
    /// <summary>Float32 products of thin factors against one product.</summary>
    private const double FullRank = 2e-5;

    /// <summary>The Gram of the inputs is float: its eigenvectors are orthogonal to 1e-6, and M^+ multiplies that.</summary>
    private const double Measured = 1e-3;

    [Theory]
    [InlineData("plain", 1)]
    [InlineData("plain", 2)]
    [InlineData("plain", 3)]
    [InlineData("strided", 2)]
    [InlineData("dilated", 2)]
    [InlineData("lopsided", 2)]
    [InlineData("same-upper", 2)]
    [InlineData("no-bias", 2)]
    public void A_convolution_at_full_rank_is_the_layer(string kind, int spatial)
    {
        var bench = new Workbench(Convolution(kind, spatial));
        foreach (var shape in FullRanks(6, 8, spatial))
        {
            var split = Rewrite(bench, new SplitPlan("c", shape, 8, 0));

            ModelAssert.SameContract(bench.Model, split);
            ModelAssert.SameOutputs(bench.Model, split, IsMeasured(shape) ? Measured : FullRank, $"{kind}, {shape}");
            Assert.Equal(shape.Form == SplitForm.Tucker ? 3 : 2, split.Graph.Nodes.Count(n => n.OpType == "Conv"));
        }
    }

    [Theory]
    [InlineData("plain", 2)]
    [InlineData("no-bias", 2)]
    [InlineData("plain", 1)]
    public void An_outline_has_the_sizes_of_the_model_that_is_factorised(string kind, int spatial)
    {
        var bench = new Workbench(Convolution(kind, spatial));
        SplitShape[] narrow = [new(SplitForm.Plain, 3), new(SplitForm.Response, 3), new(SplitForm.Alds, 2, 2), new(SplitForm.Input, 4), new(SplitForm.Tucker, 3, InnerRank: 2), new(SplitForm.Spatial, 5)];
        foreach (var shape in narrow.Where(s => spatial == 2 || s.Form != SplitForm.Spatial))
        {
            var (made, outline) = (Rewrite(bench, new SplitPlan("c", shape, 8, 0)), Outline(bench, new SplitPlan("c", shape, 8, 0)));

            Assert.Equal(Sizes(made), Sizes(outline));
        }
    }

    [Fact]
    public void An_outline_of_a_table_has_the_sizes_of_the_model_that_is_factorised()
    {
        var bench = new Workbench(Encoder(), new TokenSource("tokens", 40, 5, count: 64));

        foreach (var shape in (SplitShape[])[new(SplitForm.Plain, 3), new(SplitForm.Response, 3), new(SplitForm.Alds, 3)])
        {
            Assert.Equal(Sizes(Rewrite(bench, new SplitPlan("e", shape, 8, 0))), Sizes(Outline(bench, new SplitPlan("e", shape, 8, 0))));
        }
    }

    [Theory]
    [InlineData("Gemm", true)]
    [InlineData("Gemm", false)]
    [InlineData("MatMul", false)]
    public void A_matrix_product_at_full_rank_is_the_layer(string operation, bool transposed)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 7);
        _ = operation == "Gemm" ? builder.Gemm("c", "x", 7, 6, transposed) : builder.MatMul("c", "x", 7, 6);
        builder.Relu("y", operation == "Gemm" ? "c" : builder.Node("Add", "b", ["c", builder.Weight("b.w", 6)]));
        var bench = new Workbench(builder.Output("y", "N", 6).Build());
        foreach (var shape in (SplitShape[])[new(SplitForm.Plain, 6), new(SplitForm.Response, 6), new(SplitForm.Alds, 6), new(SplitForm.Input, 7)])
        {
            var split = Rewrite(bench, new SplitPlan("c", shape, 6, 0));

            ModelAssert.SameContract(bench.Model, split);
            ModelAssert.SameOutputs(bench.Model, split, IsMeasured(shape) ? Measured : FullRank, $"{operation}, {shape}");
            Assert.Equal(2, split.Graph.Nodes.Count(n => n.OpType == operation));
        }
    }

    [Theory]
    [InlineData((int)SplitForm.Plain)]
    [InlineData((int)SplitForm.Response)]
    [InlineData((int)SplitForm.Alds)]
    public void A_table_at_full_rank_gives_out_the_same_rows(int form)
    {
        var bench = new Workbench(Encoder(), new TokenSource("tokens", 40, 5, count: 64));

        var split = Rewrite(bench, new SplitPlan("e", new SplitShape((SplitForm)form, 8), 8, 0));

        ModelAssert.SameContract(bench.Model, split);
        ModelAssert.SameOutputs(bench.Model, split, FullRank, "all directions", bench.Samples);
        Assert.Equal(["Gather", "MatMul", "Relu", "MatMul"], split.Graph.Nodes.Select(n => n.OpType));
        Assert.Equal(["e/reduce", "e/expand"], split.Graph.Nodes.Take(2).Select(n => n.Name));
        Assert.Equal([40, 8], split.Graph.Constant("e/reduce/weight")!.Dims);
        Assert.DoesNotContain("e.w", split.Graph.Initializers.Keys);
    }

    [Fact]
    public void Rows_of_a_table_that_are_read_often_are_kept_better()
    {
        var bench = new Workbench(Encoder(), new TokenSource("tokens", 40, 5, count: 64));

        var response = Rewrite(bench, new SplitPlan("e", new SplitShape(SplitForm.Response, 3), 8, 0));
        var plain = Rewrite(bench, new SplitPlan("e", new SplitShape(SplitForm.Plain, 3), 8, 0));

        Assert.True(Missed(bench, response) < Missed(bench, plain));
    }

    [Fact]
    public void A_table_that_something_else_reads_is_left_alone()
    {
        var builder = new TestModel();
        builder.Input("tokens", ElementType.Int64, "N", 5);
        builder.Node("Gather", "e", [builder.Weight("e.w", 40, 8), "tokens"]);
        builder.Node("MatMul", "tied", ["e", builder.Node("Transpose", "t", ["e.w"])]);
        var bench = new Workbench(builder.Output("tied").Build(), new TokenSource("tokens", 40, 5, count: 8));

        Assert.Empty(SplitSites.Find(bench.Analysis));
    }

    [Fact]
    public void Names_are_those_of_the_layer_with_a_suffix_and_nothing_else_is_touched()
    {
        var bench = new Workbench(Network());

        var split = Rewrite(bench, new SplitPlan("c2", new SplitShape(SplitForm.Response, 4), 12, 0), new SplitPlan("f", new SplitShape(SplitForm.Plain, 2), 5, 0));

        Assert.Equal(["c1", "r1", "c2/reduce", "c2/expand", "r2", "pool", "flat", "f/reduce", "f/expand"], split.Graph.Nodes.Select(n => n.Name));
        foreach (var name in (string[])["c1", "r1", "r2", "pool", "flat"])
        {
            Assert.Equal(bench.Model.Graph.Nodes.Single(n => n.Name == name).Proto, split.Graph.Nodes.Single(n => n.Name == name).Proto);
        }

        Assert.True(bench.Model.Floats("c1.w").AsSpan().SequenceEqual(split.Floats("c1.w")));
        Assert.Equal(bench.Model.Opset, split.Opset);
        Assert.Equal(
            ["c1.b", "c1.w", "c2/bias", "c2/expand/weight", "c2/reduce/weight", "f.b", "f/expand/weight", "f/reduce/weight"],
            split.Graph.Initializers.Keys.Order(StringComparer.Ordinal));
        ModelAssert.SameContract(bench.Model, split);
        Assert.InRange(ModelAssert.Distance(bench.Model, split), 0, 1);
    }

    [Fact]
    public void A_plan_without_splits_changes_no_byte()
    {
        var bench = new Workbench(Network());

        Assert.Equal(bench.Model.ToBytes(), Rewrite(bench).ToBytes());
    }

    [Fact]
    public void The_same_plan_gives_the_same_bytes()
    {
        var bench = new Workbench(Network());
        var plan = new SplitPlan("c2", new SplitShape(SplitForm.Tucker, 4, InnerRank: 5), 12, 0);

        Assert.Equal(Rewrite(bench, plan).ToBytes(), Rewrite(bench, plan).ToBytes());
    }

    [Fact]
    public void Channels_go_first_and_then_the_rank_of_what_remains()
    {
        // The last six channels of c1 repeat the first six: without them nothing is lost, and c2 keeps its full rank.
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        builder.Conv("c1", "x", 3, 12);
        foreach (var name in (string[])["c1.w", "c1.b"])
        {
            var weight = builder.Graph.Initializer.Single(t => t.Name == name);
            var values = new Initializer(weight).ReadFloats();
            values.AsSpan(0, values.Length / 2).CopyTo(values.AsSpan(values.Length / 2));
            new Initializer(weight).Write([.. weight.Dims], values);
        }

        builder.Conv("c2", builder.Relu("r", "c1"), 12, 8, kernel: 3, pad: 1);
        var bench = new Workbench(builder.Output("c2", "N", 8, 6, 6).Build());

        foreach (var shape in (SplitShape[])[new(SplitForm.Response, 8), new(SplitForm.Plain, 8), new(SplitForm.Alds, 8, 2), new(SplitForm.Tucker, 8, InnerRank: 6)])
        {
            var split = Rewrite(bench, new ChannelPlan("c1", CompressionMethod.Interpolative, [0, 1, 2, 3, 4, 5], 12, 0, 1e-7), new SplitPlan("c2", shape, 8, 0));

            Assert.Equal([6, 3, 1, 1], split.Graph.Constant("c1.w")!.Dims);
            ModelAssert.SameContract(bench.Model, split);
            ModelAssert.SameOutputs(bench.Model, split, Measured, $"twins are gone, {shape}");
        }
    }

    [Theory]
    [InlineData("c9", SplitForm.Plain, 2, 1, 0, "no such layer")]
    [InlineData("c2", SplitForm.Plain, 0, 1, 0, "rank of 0")]
    [InlineData("c2", SplitForm.Plain, 13, 1, 0, "rank of 13")]
    [InlineData("c2", SplitForm.Alds, 2, 5, 0, "5 groups")]
    [InlineData("c2", SplitForm.Alds, 2, 0, 0, "0 groups")]
    [InlineData("f", SplitForm.Alds, 2, 2, 0, "2 groups")]
    [InlineData("f", SplitForm.Spatial, 2, 1, 0, "cannot be made")]
    [InlineData("c2", SplitForm.Tucker, 2, 1, 0, "rank of 2")]
    [InlineData("c2", SplitForm.Tucker, 2, 1, 99, "rank of 2")]
    public void A_split_that_does_not_fit_is_refused(string site, SplitForm form, int rank, int groups, int inner, string why)
    {
        var bench = new Workbench(Network());

        var error = Assert.Throws<OnnxCompressException>(() => Rewrite(bench, new SplitPlan(site, new SplitShape(form, rank, groups, inner), 12, 0)));

        Assert.Equal(DiagnosticCodes.PlanMismatch, error.Diagnostic.Code);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains(site, error.Message, StringComparison.Ordinal);
    }

    private static OnnxModel Rewrite(Workbench bench, params SitePlan[] sites) => Carried(bench, sites, isOutline: false);

    private static OnnxModel Outline(Workbench bench, params SitePlan[] sites) => Carried(bench, sites, isOutline: true);

    private static OnnxModel Carried(Workbench bench, SitePlan[] sites, bool isOutline)
    {
        var taps = bench.Analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of).Concat(LayerProblems.Taps(bench.Analysis));
        var statistics = new Calibrator(ModelRunner.Runtime, 1, 16).Run(
            bench.Model, bench.Analysis.Relations.Shapes, taps, bench.Samples, null, null, TestContext.Current.CancellationToken);
        var plan = new CompressionPlan(bench.Model.SourceSha256, sites);
        var placed = PlacedPlan.Of(plan, bench.Model, bench.Analysis);
        var narrowed = new ChannelRewriter(bench.Analysis, statistics, Workbench.Backend, ChannelSelection.Target)
            .Rewrite(bench.Model, placed, TestContext.Current.CancellationToken, out var shrinkage);
        var split = new SplitRewriter(bench.Analysis, statistics, Workbench.Backend).Rewrite(narrowed, placed, shrinkage, isOutline, TestContext.Current.CancellationToken);
        return OnnxModel.Load(split.ToBytes());
    }

    /// <summary>Nodes with their names, inputs and attributes, and initializers with their sizes: all but values.</summary>
    private static IEnumerable<string> Sizes(OnnxModel model) =>
        model.Graph.Nodes.Select(n => $"{n.OpType} {n.Name} ({string.Join(", ", n.Inputs)}) {n.Proto.Attribute}")
            .Concat(model.Graph.Initializers.Values.Select(i => $"{i.Name} {string.Join("x", i.Dims)}").Order(StringComparer.Ordinal));

    private static IEnumerable<SplitShape> FullRanks(int inputs, int outputs, int spatial)
    {
        yield return new(SplitForm.Plain, outputs);
        yield return new(SplitForm.Response, outputs);
        yield return new(SplitForm.Alds, outputs);
        yield return new(SplitForm.Alds, outputs, 2);
        yield return new(SplitForm.Alds, spatial == 1 ? 3 : outputs, inputs);
        yield return new(SplitForm.Input, inputs);
        yield return new(SplitForm.Tucker, outputs, InnerRank: inputs);
        if (spatial == 2)
        {
            yield return new(SplitForm.Spatial, inputs * 3);
        }
    }

    private static bool IsMeasured(SplitShape shape) => shape.Form is SplitForm.Input or SplitForm.Tucker;

    /// <summary>Six channels to eight with kernels of 3, over axes of different lengths.</summary>
    private static OnnxModel Convolution(string kind, int spatial)
    {
        long[] All(long value) => [.. Enumerable.Repeat(value, spatial)];
        var kernel = All(3);
        var builder = new TestModel();
        builder.Input("x", ["N", 6, .. Enumerable.Range(0, spatial).Select(i => (object)(9 + i))]);
        var attributes = new List<(string, object)> { ("kernel_shape", kernel) };
        attributes.AddRange(kind switch
        {
            "strided" => [("strides", new long[] { 2, 3 }), ("pads", new long[] { 1, 1, 1, 1 })],
            "dilated" => [("dilations", new long[] { 2, 1 }), ("pads", new long[] { 2, 1, 2, 1 })],
            "lopsided" => [("pads", new long[] { 0, 2, 1, 0 })],
            "same-upper" => [("auto_pad", "SAME_UPPER"), ("strides", new long[] { 2, 2 })],
            _ => new List<(string, object)>(),
        });
        string[] inputs = ["x", builder.Weight("c.w", [8, 6, .. kernel])];
        builder.Node("Conv", "c", kind == "no-bias" ? inputs : [.. inputs, builder.Weight("c.b", 8)], [.. attributes]);
        builder.Relu("y", "c");
        return builder.Output("y").Build();
    }

    private static OnnxModel Network()
    {
        var builder = new TestModel(opset: 13);
        builder.Input("x", "N", 3, 8, 8);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 12, 3, pad: 1));
        builder.Relu("r2", builder.Conv("c2", "r1", 12, 12, 3, pad: 1, stride: 2));
        builder.Node("GlobalAveragePool", "pool", ["r2"]);
        builder.Gemm("f", builder.Node("Flatten", "flat", ["pool"]), 12, 5);
        return builder.Output("f", "N", 5).Build();
    }

    private static OnnxModel Encoder()
    {
        var builder = new TestModel();
        builder.Input("tokens", ElementType.Int64, "N", 5);
        builder.Node("Gather", "e", [builder.Weight("e.w", 40, 8), "tokens"]);
        builder.MatMul("m", builder.Relu("r", "e"), 8, 3);
        return builder.Output("m", "N", 5, 3).Build();
    }

    private static double Missed(Workbench bench, OnnxModel split) =>
        ModelAssert.Distance(Open(bench.Model), Open(split), bench.Samples);

    /// <summary>The model with what its table gives out as the only output.</summary>
    private static OnnxModel Open(OnnxModel model)
    {
        var open = model.Clone();
        open.Graph.ClearOutputs();
        open.Graph.AddOutput("e");
        return open;
    }
}
