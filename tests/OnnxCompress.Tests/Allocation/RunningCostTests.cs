using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Allocation;

public sealed class RunningCostTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Followed_step_by_step_a_cost_is_that_of_the_whole(int seed)
    {
        var bench = new Workbench(Model());
        var statistics = WhiteStatistics.Of(bench.Model, bench.Analysis);
        var splits = new SplitSelector(bench.Model, bench.Analysis, statistics, Workbench.Backend, new SelectionOptions([CompressionMethod.LowRank]) { Forms = [SplitForm.Plain] })
            .Select(TestContext.Current.CancellationToken);
        var groups = bench.Analysis.Groups;
        var limits = new BudgetLimits(groups, splits, bench.Analysis.Cost, bench.Model.Bytes, new Budget(KeepParameters: 0.5));
        var running = limits.Follow(new Allocated([.. groups.Select(g => Enumerable.Repeat(true, g.Channels).ToArray())], new SplitOption?[splits.Length]));
        var random = new Random(seed);
        Assert.True(groups.Count > 2 && splits.Length > 2);
        for (var step = 0; step < 100; step++)
        {
            if (random.Next(2) == 0)
            {
                var site = random.Next(groups.Count);
                // Half of the channels or more, so that splits can still be made of what stays.
                running.Keep(site, [.. Enumerable.Range(0, groups[site].Channels).Select(c => c % 2 == 0 || random.Next(2) == 0)]);
            }
            else
            {
                var layer = random.Next(splits.Length);
                running.Split(layer, random.Next(3) == 0 ? null : splits[layer].Options[random.Next(splits[layer].Options.Count)]);
            }

            var remaining = limits.When(running.Kept);
            var added = splits.Zip(running.Splits).Where(s => s.Second is not null).Select(s => s.First.Added(s.Second!.Shape, s.First.SizeWhen(remaining))).ToArray();
            Assert.Equal(bench.Analysis.Cost.Parameters(remaining) + added.Sum(a => a.Parameters), running.Parameters);
            Assert.Equal(bench.Analysis.Cost.Macs(remaining) + added.Sum(a => a.Macs), running.Macs);
            Assert.Equal(bench.Analysis.Cost.Bytes(remaining) + added.Sum(a => a.Bytes), running.Bytes);
            Assert.Equal(limits.Allow(new Allocated(running.Kept, running.Splits)), limits.Allow(running));
        }
    }

    /// <summary>A residual stream and layers of their own; a batch of four, so that operations of one sample are rounded.</summary>
    private static OnnxModel Model()
    {
        var builder = new TestModel();
        builder.Input("x", 4, 3, 8, 8);
        builder.Relu("s", builder.Conv("stem", "x", 3, 24, 3, pad: 1));
        builder.Conv("b", builder.Relu("ra", builder.Conv("a", "s", 24, 20, 3, pad: 1)), 20, 24);
        builder.Relu("r", builder.Node("Add", "add", ["s", "b"]));
        builder.Gemm("f2", builder.Relu("rf", builder.Gemm("f1", builder.Node("Flatten", "flat", [builder.Conv("c", "r", 24, 12)]), 768, 40)), 40, 15);
        return builder.Output("f2", 4, 15).Build();
    }
}
