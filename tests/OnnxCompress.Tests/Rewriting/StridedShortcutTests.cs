using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Rewriting;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Shortcuts of Slice and Pad become convolutions that give the same numbers.</summary>
public sealed class StridedShortcutTests
{
    [Theory]
    [InlineData(8, 8, 2, 2, 3)]
    [InlineData(7, 9, 3, 0, 4)]
    [InlineData(5, 4, 4, 2, 0)]
    public void It_gives_the_same_numbers(int height, int width, int stride, int before, int after)
    {
        var bench = new Workbench(Shortcut(height, width, stride, before, after).Build());

        var (rewritten, macs) = Rewritten(bench);

        Assert.DoesNotContain(rewritten.Graph.Nodes, n => n.OpType is "Slice" or "Pad");
        Assert.Equal(["conv", "last", "second", "shortcut/select", "sum"], rewritten.Graph.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal));
        ModelAssert.SameOutputs(bench.Model, rewritten, 0, "products by one");
        ModelAssert.SameContract(bench.Model, rewritten);
        Assert.Equal((before + 6 + after) * 6L * height * Positions(width, stride), macs);
    }

    [Fact]
    public void Both_axes_in_two_slices_are_one_stride()
    {
        var test = new TestModel();
        var conv = test.Conv("conv", test.Input("x", "n", 3, 9, 9), 3, 4, kernel: 3, pad: 1);
        var rows = Slice(test, "rows", conv, 0, long.MaxValue, axis: 2, step: 2);
        var columns = Slice(test, "columns", rows, 0, long.MaxValue, axis: -1, step: 3);
        test.Output(Pad(test, columns, 0, 2, 0, 0, 0, 2, 0, 0), "n", 8, 5, 3);
        var bench = new Workbench(test.Build());

        var (rewritten, _) = Rewritten(bench);

        Assert.Equal([2L, 3], rewritten.Graph.Nodes.Single(n => n.Name == "shortcut/select").Ints("strides"));
        ModelAssert.SameOutputs(bench.Model, rewritten, 0, "products by one");
    }

    [Fact]
    public void It_is_made_for_the_channels_that_stay()
    {
        var bench = new Workbench(Shortcut(6, 6, 2, 2, 2).Build());
        var group = bench.Analysis.Groups.MaxBy(g => g.Channels)!;
        var kept = Enumerable.Range(0, group.Channels).Where(c => c % 3 != 0).ToArray();
        var plan = new CompressionPlan(bench.Model.SourceSha256, [new ChannelPlan(group.Name, CompressionMethod.Interpolative, kept, group.Channels, 0, 0)]);
        var placed = PlacedPlan.Of(plan, bench.Model, bench.Analysis);
        var rewriter = new PlanRewriter(bench.Model, bench.Analysis, bench.Statistics, Workbench.Backend, ChannelSelection.Target);
        var (narrowed, shrinkage) = rewriter.Rewrite(placed, TestContext.Current.CancellationToken);
        var rewritten = narrowed.Clone();

        FasterForms.CarryOut(FasterForms.Names, rewritten.Graph, shrinkage);

        Assert.Contains(rewritten.Graph.Nodes, n => n.Name == "shortcut/select");
        ModelAssert.SameOutputs(narrowed, rewritten, 0, "products by one");
    }

    [Theory]
    [InlineData("a start that is not the first")]
    [InlineData("an end before the last")]
    [InlineData("zeros around the plane")]
    [InlineData("another value than zero")]
    [InlineData("mirrored")]
    [InlineData("another reader")]
    [InlineData("no step")]
    public void What_a_convolution_cannot_say_stays(string what)
    {
        var test = new TestModel();
        var conv = test.Conv("conv", test.Input("x", "n", 3, 8, 8), 3, 4, kernel: 3, pad: 1);
        var (start, end) = (what == "a start that is not the first" ? 1 : 0, what == "an end before the last" ? 6 : long.MaxValue);
        var slice = Slice(test, "slice", conv, start, end, axis: 2, step: what == "no step" ? 1 : 2);
        long around = what == "zeros around the plane" ? 1 : 0;
        var pads = test.Integers("pads", 0, 2, around, 0, 0, 2, 0, 0);
        var value = test.Scalar("value", what == "another value than zero" ? 0.5f : 0);
        test.Node("Pad", "shortcut", [slice, pads, value], ("mode", what == "mirrored" ? "reflect" : "constant"));
        test.Output("shortcut");
        if (what == "another reader")
        {
            test.Output(slice);
        }

        var bench = new Workbench(test.Build());

        Assert.False(FasterForms.HaveWork(FasterForms.Names, bench.Model.Graph, new Shrinkage(bench.Model.Graph, bench.Analysis.Relations, null)));
    }

    [Fact]
    public void A_plan_keeps_the_names_and_an_unknown_one_is_no_plan_of_this_version()
    {
        var bench = new Workbench(Shortcut(6, 6, 2, 2, 2).Build());
        var plan = new CompressionPlan(bench.Model.SourceSha256, []) { Rewrites = ["strided shortcuts"] };

        Assert.Contains("strided shortcuts", plan.ToText(), StringComparison.Ordinal);
        var failure = Assert.Throws<OnnxCompressException>(() => FasterForms.CarryOut(["teleportation"], bench.Model.Graph, new Shrinkage(bench.Model.Graph, bench.Analysis.Relations, null)));
        Assert.Equal(DiagnosticCodes.PlanMismatch, failure.Diagnostic.Code);
    }

    private static (OnnxModel Model, long Macs) Rewritten(Workbench bench)
    {
        var rewritten = bench.Model.Clone();
        var macs = FasterForms.CarryOut(FasterForms.Names, rewritten.Graph, new Shrinkage(rewritten.Graph, bench.Analysis.Relations, null));
        return (rewritten, macs);
    }

    /// <summary>A residual block whose shortcut skips columns and pads channels.</summary>
    private static TestModel Shortcut(int height, int width, int stride, int before, int after)
    {
        var test = new TestModel();
        var first = test.Conv("conv", test.Input("x", "n", 3, height, width), 3, 6, kernel: 3, pad: 1);
        var slice = Slice(test, "slice", first, 0, long.MaxValue, axis: 3, step: stride);
        var shortcut = Pad(test, slice, 0, before, 0, 0, 0, after, 0, 0);
        var second = test.Node(
            "Conv", "second", [first, test.Weight("second.w", before + 6 + after, 6, 1, 1)], ("kernel_shape", new long[] { 1, 1 }), ("strides", new long[] { 1, stride }));
        var sum = test.Node("Add", "sum", [second, shortcut]);
        return test.Output(test.Conv("last", sum, before + 6 + after, 4), "n", 4, height, Positions(width, stride));
    }

    private static int Positions(int size, int stride) => (size + stride - 1) / stride;

    private static string Slice(TestModel test, string name, string input, long start, long end, long axis, long step) => test.Node(
        "Slice", name, [input, test.Integers($"{name}.start", start), test.Integers($"{name}.end", end), test.Integers($"{name}.axis", axis), test.Integers($"{name}.step", step)]);

    private static string Pad(TestModel test, string input, params long[] amounts) => test.Node("Pad", "shortcut", [input, test.Integers("pads", amounts)]);
}
