using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>A plan that does not fit is refused; one that keeps everything changes nothing (fixture D1 f).</summary>
public sealed class PlanTests
{
    [Fact]
    public void A_plan_that_keeps_everything_changes_nothing()
    {
        var bench = new Workbench(Chain());

        var rewritten = bench.Rewrite(ChannelSelection.Target, ("c1", [0, 1, 2, 3]));

        Assert.Equal(bench.Model.ToBytes(), rewritten.ToBytes());
    }

    [Fact]
    public void The_model_that_is_rewritten_stays_as_it_was()
    {
        var bench = new Workbench(Chain());
        var before = bench.Model.ToBytes();

        bench.Rewrite(ChannelSelection.Target, ("c1", [0, 2]));

        Assert.Equal(before, bench.Model.ToBytes());
    }

    [Theory]
    [InlineData("c1", 4, new int[0])]
    [InlineData("c1", 4, new[] { 0, 4 })]
    [InlineData("c1", 4, new[] { -1, 2 })]
    [InlineData("c1", 4, new[] { 0, 0, 1 })]
    [InlineData("c1", 4, new[] { 2, 1 })]
    [InlineData("c1", 5, new[] { 0, 1 })]
    [InlineData("c9", 4, new[] { 0, 1 })]
    public void Sites_or_channels_that_the_model_lacks_are_refused(string site, int of, int[] kept)
    {
        var bench = new Workbench(Chain());

        var error = Assert.Throws<OnnxCompressException>(() => bench.Rewrite(Plan(bench.Model, site, of, kept)));

        Assert.Equal(DiagnosticCodes.PlanMismatch, error.Diagnostic.Code);
        Assert.Contains(site, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_plan_of_another_model_is_refused()
    {
        var bench = new Workbench(Chain());
        var plan = new CompressionPlan(new string('0', 64), [new ChannelPlan("c1", CompressionMethod.Interpolative, [0, 1], 4, 0, 0)]);

        var error = Assert.Throws<OnnxCompressException>(() => bench.Rewrite(plan));

        Assert.Equal(DiagnosticCodes.PlanMismatch, error.Diagnostic.Code);
    }

    [Fact]
    public void Channels_that_must_stay_cannot_be_planned_away()
    {
        // The second input of the concatenation is the model's own: channels 4 and 5 of the group are held.
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 3);
        builder.Node("Concat", "cat", [builder.Conv("c1", "x", 2, 4), "x"], ("axis", 1));
        builder.Conv("c2", "cat", 6, 3);
        var bench = new Workbench(builder.Output("c2").Build());

        var error = Assert.Throws<OnnxCompressException>(() => bench.Rewrite(Plan(bench.Model, "c1", 6, [0, 1, 2, 3, 4])));

        Assert.Equal(DiagnosticCodes.PlanMismatch, error.Diagnostic.Code);
    }

    [Fact]
    public void No_layer_of_a_group_can_lose_all_its_channels()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 2, 3, 3);
        builder.Node("Concat", "cat", [builder.Conv("c1", "x", 2, 4), builder.Conv("c2", "x", 2, 3)], ("axis", 1));
        builder.Conv("c3", "cat", 7, 3);
        var bench = new Workbench(builder.Output("c3").Build());

        var error = Assert.Throws<OnnxCompressException>(() => bench.Rewrite(Plan(bench.Model, "c1", 7, [0, 1, 2])));

        Assert.Equal(DiagnosticCodes.PlanMismatch, error.Diagnostic.Code);
    }

    private static CompressionPlan Plan(OnnxModel model, string site, int of, int[] kept) =>
        new(model.SourceSha256, [new ChannelPlan(site, CompressionMethod.Interpolative, kept, of, 0, 0)]);

    private static OnnxModel Chain()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 4, 4);
        builder.Conv("c2", builder.Relu("r", builder.Conv("c1", "x", 3, 4)), 4, 2);
        return builder.Output("c2").Build();
    }
}
