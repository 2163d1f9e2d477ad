using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Allocation;

public sealed class LevelAllocatorTests
{
    public static TheoryData<string, double, int> Budgets => new()
    {
        { "params", 0.8, 1 }, { "params", 0.5, 4 }, { "params", 0.35, 8 },
        { "macs", 0.7, 1 }, { "macs", 0.5, 4 }, { "bytes", 0.6, 1 }, { "bytes", 0.5, 4 },
    };

    [Theory]
    [MemberData(nameof(Budgets))]
    public void The_budget_is_met_and_no_site_could_keep_a_step_more(string what, double keep, int alignment)
    {
        var bench = new Workbench(Model());
        var budget = what switch { "params" => new Budget(KeepParameters: keep), "macs" => new Budget(KeepMacs: keep), _ => new Budget(KeepBytes: keep) };
        var sites = Sites(bench, alignment);

        var kept = Allocate(bench, sites, budget);

        var limit = (long)(keep * Cost(bench, what, sites, sites.Select(s => s.Keep(s.Group.Channels)).ToArray()));
        Assert.True(Cost(bench, what, sites, kept) <= limit);
        for (var s = 0; s < sites.Length; s++)
        {
            var wider = (bool[][])kept.Clone();
            wider[s] = Enumerable.Range(0, sites[s].Group.Channels + 1).Select(sites[s].Keep)
                .FirstOrDefault(mask => kept[s].Zip(mask).All(p => p.Second || !p.First) && mask.Count(k => k) > kept[s].Count(k => k)) ?? kept[s];
            Assert.True(wider[s] == kept[s] || sites[s].IsComplete(kept[s]) || Cost(bench, what, sites, wider) > limit, $"{sites[s].Group.Name} could keep more.");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void Kept_widths_are_multiples_of_the_alignment_or_whole(int alignment)
    {
        var bench = new Workbench(Model());
        var sites = Sites(bench, alignment);

        var kept = Allocate(bench, sites, new Budget(KeepMacs: 0.6));

        foreach (var (site, mask) in sites.Zip(kept))
        {
            Assert.All(site.Group.Segments, segment => Assert.True(
                segment.Count(c => mask[c]) is var count && count > 0 && (count % alignment == 0 || count == segment.Length),
                $"{site.Group.Name} keeps {count} of {segment.Length}."));
        }
    }

    [Fact]
    public void What_the_cost_model_counts_is_what_the_rewritten_model_has()
    {
        var bench = new Workbench(Model());
        var sites = Sites(bench, 1);
        var kept = Allocate(bench, sites, new Budget(KeepParameters: 0.5));

        var rewritten = bench.Slice([.. sites.Select((s, i) => (s.Group.Name, Enumerable.Range(0, s.Group.Channels).Where(c => kept[i][c]).ToArray()))]);
        var after = new Workbench(rewritten, bench.Samples);

        Assert.Equal(ParameterCount.Of(rewritten), Cost(bench, "params", sites, kept));
        Assert.Equal(after.Analysis.Macs, Cost(bench, "macs", sites, kept));
        // The protobuf's own lengths shrink by a few bytes as well.
        Assert.InRange(Cost(bench, "bytes", sites, kept) - rewritten.ToBytes().Length, 0, 64);
    }

    [Fact]
    public void Macs_are_those_of_one_sample_counted_by_hand()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 8, 8);
        builder.Conv("c1", "x", 3, 4, 3, pad: 1, stride: 2);
        builder.Conv("dw", "c1", 4, 4, 3, pad: 1, group: 4);
        builder.Conv("g", "dw", 4, 6, group: 2);
        builder.Gemm("f", builder.Node("Flatten", "flat", ["g"]), 96, 5);
        var bench = new Workbench(builder.Output("f").Build());

        Assert.Equal((16 * 4 * 3 * 9) + (16 * 4 * 9) + (16 * 6 * 2) + (96 * 5), bench.Analysis.Macs);
    }

    [Fact]
    public void A_fixed_batch_does_not_multiply_the_macs()
    {
        var (dynamic, fixedBatch) = (new TestModel(), new TestModel());
        foreach (var (builder, batch) in new[] { (dynamic, (object)"N"), (fixedBatch, 4) })
        {
            builder.Input("x", batch, 3);
            builder.Gemm("f2", builder.Gemm("f1", "x", 3, 5), 5, 2);
            builder.Output("f2");
        }

        Assert.Equal(new Workbench(dynamic.Build()).Analysis.Macs, new Workbench(fixedBatch.Build()).Analysis.Macs);
    }

    [Fact]
    public void A_budget_out_of_reach_says_what_would_be_left()
    {
        var bench = new Workbench(Model());

        var error = Assert.Throws<OnnxCompressException>(() =>
            Allocate(bench, Sites(bench, 1), new Budget(KeepParameters: 0.001)));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, error.Diagnostic.Code);
        Assert.Contains("--keep-params", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_in_which_nothing_can_shrink_is_out_of_reach_too()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 4);
        builder.Gemm("f", "x", 4, 3);
        var bench = new Workbench(builder.Output("f").Build());

        var error = Assert.Throws<OnnxCompressException>(() =>
            Allocate(bench, [], new Budget(KeepMacs: 0.5)));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, error.Diagnostic.Code);
        Assert.Empty(Allocate(bench, [], Budget.None));
    }

    private static bool[][] Allocate(Workbench bench, SiteCandidate[] sites, Budget budget)
    {
        var limits = new BudgetLimits([.. sites.Select(s => s.Group)], [], bench.Analysis.Cost, bench.Model.Bytes, budget);
        return [.. new LevelAllocator(sites, [], limits).Allocate().Kept];
    }

    private static SiteCandidate[] Sites(Workbench bench, int alignment) =>
        [.. bench.Analysis.Groups.Select(g => new SiteCandidate(g, bench.Curve(g, ChannelSelection.Target), new WidthAlignment(alignment)))];

    private static long Cost(Workbench bench, string what, SiteCandidate[] sites, bool[][] kept)
    {
        var removed = sites.SelectMany((s, i) => s.Group.Atoms.Where((_, c) => !kept[i][c])).ToHashSet();
        var cost = bench.Analysis.Cost;
        var remaining = cost.When(root => !removed.Contains(root));
        return what switch
        {
            "params" => cost.Parameters(remaining),
            "macs" => cost.Macs(remaining),
            _ => bench.Model.Bytes - cost.Bytes(cost.Whole) + cost.Bytes(remaining),
        };
    }

    /// <summary>A residual stream, a concatenation, a depthwise layer and a flatten, wide enough to align.</summary>
    private static OnnxModel Model()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 8, 8);
        builder.Relu("s", builder.Conv("stem", "x", 3, 24, 3, pad: 1));
        builder.Conv("b", builder.Relu("ra", builder.Conv("a", "s", 24, 20, 3, pad: 1)), 20, 24);
        builder.Relu("r", builder.Node("Add", "add", ["s", "b"]));
        builder.Node("Concat", "cat", ["r", builder.Relu("rc", builder.Conv("c", "r", 24, 17))], ("axis", 1));
        builder.Relu("rd", builder.Conv("dw", builder.Conv("pw", "cat", 41, 32), 32, 32, 3, pad: 1, stride: 2, group: 32));
        builder.Gemm("f2", builder.Relu("rf", builder.Gemm("f1", builder.Node("Flatten", "flat", ["rd"]), 512, 40)), 40, 5);
        return builder.Output("f2", "N", 5).Build();
    }
}
