using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Allocation;

public sealed class BudgetLimitsTests
{
    /// <summary>Sums of a few products of doubles.</summary>
    private const double Rounding = 1e-12;

    [Fact]
    public void Where_operations_are_limited_a_layer_costs_its_share_of_them_and_of_the_time()
    {
        var (bench, splits) = Bench();
        var limits = Limits(bench, splits, new Budget(KeepMacs: 0.5));
        var most = Math.Floor(0.5 * bench.Analysis.Macs);

        var beyond = splits.Sum(s => limits.Price(s, s.WholeSize, null) - (s.WholeSize.DenseMacs / most));

        Assert.InRange(beyond, 1 - Rounding, 1 + Rounding);
        Assert.All(splits, s => Assert.True(limits.Price(s, s.WholeSize, null) > s.WholeSize.DenseMacs / most));
    }

    [Fact]
    public void Channels_that_depthwise_layers_pass_on_cost_more_than_their_operations_say()
    {
        var (bench, group) = Depthwise();
        var (all, half) = (Enumerable.Repeat(true, group.Channels).ToArray(), Enumerable.Range(0, group.Channels).Select(c => c < 32).ToArray());
        double Saved(TableTimes? table)
        {
            var limits = new BudgetLimits([group], [], bench.Analysis.Cost, bench.Model.Bytes, new Budget(KeepMacs: 0.5), table: table);
            return limits.Price(0, all) - limits.Price(0, half);
        }

        var table = TableTimes.Of(bench.Analysis, vector: 16);

        // Two thirds of the layers' time are moved values and started nodes; the half that goes takes its share of them along.
        Assert.InRange(Saved(table) - Saved(null), 0.3, 0.5);
        Assert.Equal(table.Of(bench.Analysis.Cost.Whole), table.Parts([group.Atoms])[0].Of(bench.Analysis.Cost.Whole));
    }

    [Fact]
    public void Where_only_parameters_are_limited_time_is_no_price()
    {
        var (bench, splits) = Bench();
        var limits = Limits(bench, splits, new Budget(KeepParameters: 0.5));
        var most = Math.Floor(0.5 * bench.Analysis.Parameters);

        Assert.All(splits, s => Assert.Equal(s.WholeSize.DenseParameters / most, limits.Price(s, s.WholeSize, null)));
    }

    private static BudgetLimits Limits(Workbench bench, SplitCandidate[] splits, Budget budget) => new([], splits, bench.Analysis.Cost, bench.Model.Bytes, budget, table: TableTimes.Of(bench.Analysis, WidthTable.VectorWidth));

    private static (Workbench Bench, ChannelGroup Group) Depthwise()
    {
        var test = new TestModel();
        var expanded = test.Relu("r1", test.Conv("expand", test.Input("x", "n", 16, 28, 28), 16, 64));
        var spread = test.Relu("r2", test.Conv("depthwise", expanded, 64, 64, kernel: 3, pad: 1, group: 64));
        test.Output(test.Conv("project", spread, 64, 16), "n", 16, 28, 28);
        var bench = new Workbench(test.Build());
        return (bench, Assert.Single(bench.Analysis.Groups));
    }

    private static (Workbench Bench, SplitCandidate[] Splits) Bench()
    {
        var test = new TestModel();
        var narrow = test.Relu("r1", test.Conv("narrow", test.Input("x", "n", 16, 12, 12), 16, 16, kernel: 3, pad: 1));
        test.Output(test.Conv("wide", narrow, 16, 64, kernel: 3, pad: 1), "n", 64, 12, 12);
        var bench = new Workbench(test.Build());
        var selector = new SplitSelector(
            bench.Model, bench.Analysis, WhiteStatistics.Of(bench.Model, bench.Analysis), Workbench.Backend, new SelectionOptions([CompressionMethod.LowRank]) { Forms = [SplitForm.Spatial] });
        return (bench, selector.Select(TestContext.Current.CancellationToken));
    }
}
