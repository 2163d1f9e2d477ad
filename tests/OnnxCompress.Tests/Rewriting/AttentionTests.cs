using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Dependencies;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Whole heads, and columns of values, in every form that graphs write attention in.</summary>
public sealed class AttentionTests
{
    /// <summary>As for random graphs.</summary>
    private const double Rounding = 1e-5;

    private static readonly AttentionSizes Sizes = new(Features: 16, Heads: 6, KeyHeads: 3, Width: 16, ValueWidth: 16);

    public static TheoryData<AttentionForm> Forms => [.. Enum.GetValues<AttentionForm>()];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Removing_heads_and_columns_equals_silencing_them(AttentionForm form)
    {
        var bench = Bench(form, Sizes);
        var random = new Random(3);
        var removed = 0;
        for (var trial = 0; trial < 5; trial++)
        {
            var kept = bench.Analysis.Groups.Select(g => (g.Name, Kept: Choose(g, random))).ToArray();
            removed += bench.Analysis.Groups.Zip(kept, (g, k) => g.Channels - k.Kept.Length).Sum();

            var sliced = bench.Slice(kept);

            ModelAssert.SameContract(bench.Model, sliced);
            ModelAssert.SameOutputs(bench.Silence(kept), sliced, Rounding, $"{form}, trial {trial}", bench.Samples);
        }

        Assert.True(removed > 2, GroupAssert.Text(bench));
    }

    private static int[] Choose(ChannelGroup group, Random random)
    {
        int[] kept = [.. Enumerable.Range(0, group.Channels).Where(c => !group.IsFree[c] || random.NextDouble() < 0.6)];
        return kept.Length == 0 ? [random.Next(group.Channels)] : kept;
    }

    private static Workbench Bench(AttentionForm form, AttentionSizes sizes)
    {
        var test = new TestModel(opset: form is AttentionForm.Standard or AttentionForm.StandardHeads or AttentionForm.StandardGrouped ? 23 : 17);
        var mixed = test.Attention("a", test.Input("x", "N", form is AttentionForm.MultiHeadScores or AttentionForm.ProductsMerged ? sizes.Positions : "L", sizes.Features), form, sizes);
        return new Workbench(test.Output(test.Node("Add", "y", ["x", mixed]), "N", "L", sizes.Features).Build());
    }
}
