using OnnxCompress.Allocation;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Dependencies;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>The width of queries and keys, in every form that graphs write attention in.</summary>
public sealed class ScoreTests
{
    private const int Rank = 5;

    private static readonly AttentionSizes Sizes = new(Features: 16, Heads: 4, KeyHeads: 2, Width: 8, ValueWidth: 8);

    /// <summary>Angles turn pairs of columns, and the runtime's grouped queries have values as wide as keys.</summary>
    public static TheoryData<AttentionForm> Held =>
        [AttentionForm.MultiHeadRotary, AttentionForm.StandardHeads, AttentionForm.Grouped, AttentionForm.GroupedRotary, AttentionForm.GroupedPacked, AttentionForm.GroupedCached];

    public static TheoryData<AttentionForm> Forms => [.. Enum.GetValues<AttentionForm>().Except(Held.Select(row => row.Data))];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Directions_that_others_make_go_and_nothing_changes(AttentionForm form)
    {
        var plain = AttentionTests.Bench(form, Sizes);
        var product = Assert.Single(plain.Analysis.Scores).Scores!;
        Assert.Equal(form is AttentionForm.StandardGrouped or AttentionForm.ProductsGrouped ? Sizes.KeyHeads : Sizes.Heads, product.Heads.Count);
        Assert.Equal(Sizes.Heads, product.Heads.Sum(h => h.Queries.Length));
        foreach (var operand in (ScoreOperand[])[product.Queries, product.Keys])
        {
            var bench = new Workbench(ScoreCopies.Of(plain.Model, operand, Sizes.Width, Rank), plain.Samples);

            var rewritten = bench.Rewrite(Plan(bench, Rank));

            Assert.Equal(ParameterCount.Of(bench.Model) - Removed(product, Sizes.Width - Rank), ParameterCount.Of(rewritten));
            ModelAssert.SameContract(bench.Model, rewritten);
            ModelAssert.SameOutputs(bench.Model, rewritten, ModelAssert.Redundant, $"{form}, {operand.Layer.Node.Name}", bench.Samples);
            if (form is not (AttentionForm.MultiHeadScores or AttentionForm.ProductsMerged))
            {
                ModelAssert.SameOutputs(bench.Model, rewritten, ModelAssert.Redundant, $"{form}, other samples", ModelRunner.Samples(bench.Model, seed: 11, dynamicSize: 7));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Held))]
    public void Widths_that_something_else_depends_on_stay(AttentionForm form) =>
        Assert.Empty(AttentionTests.Bench(form, Sizes with { Width = 16, ValueWidth = 16 }).Analysis.Scores);

    /// <summary>Heads go whole, directions from those that stay.</summary>
    [Theory]
    [InlineData(AttentionForm.MultiHead)]
    [InlineData(AttentionForm.Standard)]
    [InlineData(AttentionForm.Products)]
    public void Heads_and_directions_go_together(AttentionForm form)
    {
        var plain = AttentionTests.Bench(form, Sizes);
        var scores = plain.Analysis.Scores[0];
        var bench = new Workbench(ScoreCopies.Of(plain.Model, scores.Scores!.Keys, Sizes.Width, Rank), plain.Samples);
        var heads = bench.Analysis.Groups.Single(g => g.Channels == Sizes.Heads && g.Producers.Contains("a.q"));
        var without = bench.Rewrite(ChannelSelection.Target, (heads.Name, [0, 2, 3]));

        var both = bench.Rewrite(Plan(bench, Rank) with { Sites = [new ChannelPlan(heads.Name, CompressionMethod.Interpolative, [0, 2, 3], Sizes.Heads, 0, 0), .. Plan(bench, Rank).Sites] });

        Assert.True(ParameterCount.Of(both) < ParameterCount.Of(without));
        ModelAssert.SameOutputs(without, both, ModelAssert.Redundant, $"{form}", bench.Samples);
    }

    [Fact]
    public void A_plan_that_names_other_directions_than_the_first_is_not_for_this_model()
    {
        var bench = AttentionTests.Bench(AttentionForm.Products, Sizes);
        var plan = Plan(bench, Rank);
        var site = (ChannelPlan)plan.Sites[0];

        foreach (var other in (ChannelPlan[])[site with { Kept = [0, 2] }, new ChannelPlan(site.Site, CompressionMethod.Interpolative, site.Kept, site.Of, 0, 0)])
        {
            var thrown = Assert.Throws<OnnxCompressException>(() => bench.Rewrite(plan with { Sites = [other] }));
            Assert.Equal(DiagnosticCodes.PlanMismatch, thrown.Diagnostic.Code);
        }
    }

    /// <summary>What reads queries beside the product sees the old ones.</summary>
    [Fact]
    public void Queries_that_something_else_reads_are_held()
    {
        var test = new TestModel();
        string Project(string name, params long[] order) => test.Node("Transpose", $"{name}.heads", [test.Node("Reshape", $"{name}.split", [test.MatMul(name, "x", 16, 32), test.Integers($"{name}.shape", 0, 5, 4, 8)])], ("perm", order));
        test.Input("x", "N", 5, 16);
        var (queries, keys, values) = (Project("q", 0, 2, 1, 3), Project("k", 0, 2, 3, 1), Project("v", 0, 2, 1, 3));
        var weights = test.Node("Softmax", "weights", [test.Node("MatMul", "scores", [queries, keys])], ("axis", -1));
        var mixed = test.Node("Add", "mixed", [test.Node("MatMul", "attended", [weights, values]), test.Node("Relu", "kept", [queries])]);
        var flat = test.Node("Reshape", "flat", [test.Node("Transpose", "back", [mixed], ("perm", new long[] { 0, 2, 1, 3 })), test.Integers("flat.shape", 0, 5, 32)]);

        var bench = test.Analyze(test.MatMul("o", flat, 32, 16));

        Assert.Empty(bench.Analysis.Scores);
    }

    private static CompressionPlan Plan(Workbench bench, int rank) => ScoreCopies.Plan(bench.Model, Assert.Single(bench.Analysis.Scores), rank);

    private static long Removed(ScoreProduct product, int directions)
    {
        var heads = (product.Queries.Places.Length + product.Keys.Places.Length) / Sizes.Width;
        var biases = product.Queries.Biases.Concat(product.Keys.Biases).Sum(b => b.Places.Length / Sizes.Width);
        return directions * ((heads * (long)Sizes.Features) + biases);
    }
}
