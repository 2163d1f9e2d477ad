using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Tests.Testing;

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
    public void Where_only_parameters_are_limited_time_is_no_price()
    {
        var (bench, splits) = Bench();
        var limits = Limits(bench, splits, new Budget(KeepParameters: 0.5));
        var most = Math.Floor(0.5 * bench.Analysis.Parameters);

        Assert.All(splits, s => Assert.Equal(s.WholeSize.DenseParameters / most, limits.Price(s, s.WholeSize, null)));
    }

    private static BudgetLimits Limits(Workbench bench, SplitCandidate[] splits, Budget budget) => new([], splits, bench.Analysis.Cost, bench.Model.Bytes, budget);

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
