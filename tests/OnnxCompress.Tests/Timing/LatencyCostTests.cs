using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Timing;

public sealed class LatencyCostTests
{
    /// <summary>Sums of a few doubles.</summary>
    private const double Rounding = 1e-9;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_whole_model_takes_its_layers_and_the_rest()
    {
        var (bench, splits) = Prepare(SplitForm.Plain);

        var alone = new LatencyCost(bench.Analysis, new FakeTimer(ByMacs), null, 1, Token);
        var rested = new LatencyCost(bench.Analysis, new FakeTimer(ByMacs), bench.Analysis.Macs + 500, 1, Token);

        Assert.Equal(bench.Analysis.Macs, alone.WholeMilliseconds, Rounding);
        Assert.Equal(bench.Analysis.Macs + 500, rested.WholeMilliseconds, Rounding);
        Assert.Equal(rested.WholeMilliseconds, rested.Milliseconds(bench.Analysis.Cost.Whole, []), Rounding);
    }

    [Fact]
    public void Channels_that_go_are_not_timed()
    {
        var (bench, splits) = Prepare(SplitForm.Plain);
        var cost = new LatencyCost(bench.Analysis, new FakeTimer(n => n.Inputs + n.Outputs), null, 1, Token);
        var gone = bench.Group("c1").Atoms[..12].ToHashSet();

        var saved = cost.WholeMilliseconds - cost.Milliseconds(bench.Analysis.Cost.When(root => !gone.Contains(root)), []);

        // c1 makes them; dw makes and reads them (its two sides are one axis); c2 reads them.
        Assert.Equal(12 + (2 * 12) + 12, saved, Rounding);
    }

    [Theory]
    [InlineData(SplitForm.Plain, 8, 1)]
    [InlineData(SplitForm.Alds, 4, 2)]
    [InlineData(SplitForm.Input, 8, 1)]
    [InlineData(SplitForm.Spatial, 8, 1)]
    public void A_split_layer_takes_what_its_thin_layers_take(SplitForm form, int rank, int groups)
    {
        var (bench, splits) = Prepare(form);
        var cost = new LatencyCost(bench.Analysis, new FakeTimer(n => n.Inputs + (3 * n.Outputs)), null, 1, Token);

        var added = cost.Milliseconds(bench.Analysis.Cost.Whole, [(splits.Single(s => s.Layer.Node.Name == "c2").Layer.Node, new SplitShape(form, rank, groups))]) - cost.WholeMilliseconds;

        // Both thin layers touch the channels between them.
        Assert.Equal(4 * rank * groups, added, Rounding);
    }

    [Fact]
    public void A_split_that_is_slower_than_its_layer_is_refused()
    {
        var (bench, splits) = Prepare(SplitForm.Alds);
        var c2 = splits.Single(s => s.Layer.Node.Name == "c2");
        // Grouped convolutions take ten times what their multiply-accumulates promise.
        var cost = new LatencyCost(bench.Analysis, new FakeTimer(n => ByMacs(n) * (n.Groups > 1 && !n.IsDepthwise ? 10 : 1)), null, 1, Token);
        double Price(int rank, int groups) => cost.Price(c2.Layer.Node, c2.WholeSize, new SplitShape(SplitForm.Alds, rank, groups));

        Assert.Contains(c2.Options, o => o.Shape.Groups > 1);
        Assert.True(cost.IsFaster(c2.Layer.Node, new SplitShape(SplitForm.Alds, 4), bench.Analysis.Cost.Whole));
        Assert.False(cost.IsFaster(c2.Layer.Node, new SplitShape(SplitForm.Alds, 4, 4), bench.Analysis.Cost.Whole));
        Assert.True(double.IsFinite(Price(4, 1)));
        Assert.Equal(double.PositiveInfinity, Price(4, 4));
    }

    [Fact]
    public void No_split_is_a_choice_where_nothing_gets_faster()
    {
        var (bench, splits) = Prepare(SplitForm.Plain);
        var cost = new LatencyCost(bench.Analysis, new FakeTimer(_ => 1), null, 1, Token);

        Assert.All(splits, s => Assert.All(s.Options, o => Assert.Equal(double.PositiveInfinity, cost.Price(s.Layer.Node, s.WholeSize, o.Shape))));
    }

    [Fact]
    public void A_table_is_never_split_for_time()
    {
        var builder = new TestModel();
        builder.Input("ids", ElementType.Int64, "N", 4);
        builder.MatMul("m", builder.Node("Gather", "e", [builder.Weight("e.w", 40, 16), "ids"]), 16, 8);
        var (bench, splits) = Prepare(builder.Output("m").Build(), SplitForm.Plain);
        var table = splits.Single(s => s.Layer.Node.Name == "e");
        var cost = new LatencyCost(bench.Analysis, new FakeTimer(ByMacs), null, 1, Token);

        Assert.NotEmpty(table.Options);
        Assert.Equal(double.PositiveInfinity, cost.Price(table.Layer.Node, table.WholeSize, table.Options[0].Shape));
        Assert.False(cost.IsFaster(table.Layer.Node, table.Options[0].Shape, bench.Analysis.Cost.Whole));
    }

    [Fact]
    public void Layers_of_one_kind_share_their_measurements()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 16, 4, 4);
        builder.Conv("c2", builder.Conv("c1", "x", 16, 16), 16, 16);
        var (bench, splits) = Prepare(builder.Output("c2").Build(), SplitForm.Plain);
        var timer = new FakeTimer(ByMacs);

        _ = new LatencyCost(bench.Analysis, timer, null, 8, Token);

        Assert.Equal(timer.Asked.Count, timer.Asked.DistinctBy(c => c.Key).Count());
    }

    private static double ByMacs(TimedNode node) => node.Macs;

    private static (Workbench Bench, SplitCandidate[] Splits) Prepare(SplitForm form)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 8, 8);
        builder.Relu("r1", builder.Conv("c1", "x", 3, 32, 3, pad: 1));
        builder.Relu("r2", builder.Conv("dw", "r1", 32, 32, 3, pad: 1, group: 32));
        builder.Conv("c2", "r2", 32, 40, 3, pad: 1);
        builder.Gemm("f", builder.Node("Flatten", "flat", [builder.Node("GlobalAveragePool", "p", ["c2"])]), 40, 5);
        return Prepare(builder.Output("f").Build(), form);
    }

    private static (Workbench Bench, SplitCandidate[] Splits) Prepare(OnnxModel model, SplitForm form)
    {
        var bench = new Workbench(model);
        var options = new SelectionOptions([CompressionMethod.LowRank]) { Forms = [form], Alignment = new WidthAlignment(1) };
        return (bench, new SplitSelector(bench.Model, bench.Analysis, bench.Statistics, Workbench.Backend, options).Select(Token));
    }
}
