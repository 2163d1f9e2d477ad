using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Simplification;
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

    [Theory]
    [MemberData(nameof(Forms))]
    public void Copies_of_heads_and_columns_go_and_nothing_changes(AttentionForm form)
    {
        var plain = Bench(form, Sizes);
        foreach (var group in plain.Analysis.Groups)
        {
            var (copy, source) = (group.Channels - 1, 0);
            var bench = new Workbench(WithCopy(plain, group, copy, source));

            var rewritten = bench.Rewrite(ChannelSelection.PivotedQr, (group.Name, [.. Enumerable.Range(0, copy)]));

            Assert.True(ParameterCount.Of(rewritten) < ParameterCount.Of(bench.Model));
            ModelAssert.SameContract(bench.Model, rewritten);
            ModelAssert.SameOutputs(bench.Model, rewritten, ModelAssert.Redundant, $"{form}, {group.Name}");
            ModelAssert.SameOutputs(bench.Model, rewritten, ModelAssert.Redundant, $"{form}, {group.Name}, other samples", ModelRunner.Samples(bench.Model, seed: 11, dynamicSize: 7));
        }
    }

    /// <summary>The sites that a form of attention has: how many channels, and of which layers.</summary>
    [Theory]
    [InlineData(AttentionForm.MultiHead, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.MultiHeadBias, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.MultiHeadRotary, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.MultiHeadScores, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.Fused, "16 a/v", "6 a/q a/k a/v")]
    [InlineData(AttentionForm.FusedLengths, "16 a/v", "6 a/q a/k a/v")]
    [InlineData(AttentionForm.FusedNarrow, "16 a/v", "6 a/q a/k a/v")]
    [InlineData(AttentionForm.Grouped, "3 a.q a.k a.v")]
    [InlineData(AttentionForm.GroupedRotary, "3 a.q a.k a.v")]
    [InlineData(AttentionForm.GroupedPacked, "3 a.qkv")]
    [InlineData(AttentionForm.GroupedCached, "2 a.q")]
    [InlineData(AttentionForm.Standard, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.StandardHeads, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.StandardGrouped, "16 a.v", "3 a.q a.k a.v")]
    [InlineData(AttentionForm.Products, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.ProductsFused, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.ProductsMerged, "16 a.v", "6 a.q a.k a.v")]
    [InlineData(AttentionForm.ProductsGrouped, "16 a.v", "3 a.q a.k a.v")]
    public void Heads_and_columns_are_sites(AttentionForm form, params string[] sites)
    {
        var bench = Bench(form, Sizes);

        Assert.Equal(sites, bench.Analysis.Groups.Select(g => $"{g.Channels} {string.Join(' ', g.Producers)}"));
        Assert.All(bench.Analysis.Groups, g => Assert.Equal(["a.o"], g.Consumers));
    }

    [Fact]
    public void What_a_cache_holds_stays_and_it_is_said_why()
    {
        var bench = Bench(AttentionForm.GroupedCached, Sizes);

        foreach (var layer in (string[])["a.k", "a.v"])
        {
            Assert.Contains("cache of keys and values", GroupAssert.Refused(bench, layer, DiagnosticCodes.ReachesOutput).Reason, StringComparison.Ordinal);
        }
    }

    /// <summary>One step of a language model: earlier keys and values come in, all go out.</summary>
    [Theory]
    [InlineData("GroupQueryAttention", 3, "2 q")]
    [InlineData("MultiHeadAttention", 6, null)]
    [InlineData("Attention", 3, "2 q")]
    public void Of_heads_whose_keys_are_fed_only_queries_go(string opType, int keyHeads, string? site)
    {
        var (heads, width, isGrouped) = (Sizes.Heads, Sizes.Width, opType == "GroupQueryAttention");
        var test = new TestModel(opset: opType == "Attention" ? 23 : 17);
        test.Input("x", "N", 1, 16);
        string Past(string name) => test.Input(name, "N", keyHeads, "P", width);
        string[] read = [test.MatMul("q", "x", 16, heads * width), test.MatMul("k", "x", 16, keyHeads * width), test.MatMul("v", "x", 16, keyHeads * width)];
        string[] outputs = ["y", "keys", "values"];
        if (isGrouped)
        {
            string Size(string of, int axis) => test.Node("Gather", $"{of}.{axis}", [test.Node("Shape", $"{of}.{axis}.shape", [of]), test.Integers($"{of}.{axis}.at", axis)]);
            string Int32(string of) => test.Node("Cast", $"{of}.int32", [of], ("to", (int)ElementType.Int32));
            read = [.. read, Past("pastKeys"), Past("pastValues"), Int32(test.Node("Expand", "until", ["pastKeys.2", Size("x", 0)])), Int32(test.Node("Add", "total", ["pastKeys.2", test.Integers("one", 1)]))];
            Size("pastKeys", 2);
            var nodes = test.Graph.Node.ToArray();
            test.Graph.Node.Clear();
            test.Graph.Node.AddRange(nodes.OrderBy(n => n.Name.StartsWith("pastKeys", StringComparison.Ordinal) ? 0 : 1));
        }
        else
        {
            read = opType == "Attention" ? [.. read, "", Past("pastKeys"), Past("pastValues")] : [.. read, "", "", "", Past("pastKeys"), Past("pastValues")];
        }

        test.Nodes(opType, "y", read, outputs, opType == "Attention" ? [("q_num_heads", heads), ("kv_num_heads", keyHeads)] : isGrouped ? [("num_heads", heads), ("kv_num_heads", keyHeads)] : [("num_heads", heads)]);
        if (opType != "Attention")
        {
            test.Own("y");
        }

        test.Output("keys", "N", keyHeads, "T", width).Output("values", "N", keyHeads, "T", width);
        var bench = test.MatMul("o", "y", heads * width, 16) is var last ? test.Analyze(last) : null!;

        Assert.Equal(site, bench.Analysis.Groups.Where(g => g.Producers.Count > 0).Select(g => $"{g.Channels} {string.Join(' ', g.Producers)}").SingleOrDefault());
        foreach (var layer in (string[])["k", "v"])
        {
            Assert.Contains("cache of keys and values", GroupAssert.Refused(bench, layer, DiagnosticCodes.ReachesOutput).Reason, StringComparison.Ordinal);
        }

        if (site is not null)
        {
            var sliced = bench.Slice(("q", [1]));

            ModelAssert.SameContract(bench.Model, sliced);
            ModelAssert.SameOutputs(bench.Silence(("q", [1])), sliced, Rounding, opType, bench.Samples);
        }
    }

    [Fact]
    public void Operands_in_another_form_are_held()
    {
        var test = new TestModel();
        string Heads(string name) => test.Node("Transpose", $"{name}.heads", [test.Node("Reshape", $"{name}.split", [test.MatMul(name, "x", 16, 48), test.Integers($"{name}.shape", 0, 5, 6, 8)])], ("perm", new long[] { 0, 2, 1, 3 }));
        test.MatMul("q", test.Input("x", "N", 5, 16), 16, 48);
        test.MatMul("o", test.Own(test.Node("MultiHeadAttention", "a", ["q", Heads("k"), Heads("v")], ("num_heads", 6))), 48, 16);

        var bench = test.Analyze("o");

        foreach (var layer in (string[])["q", "k", "v"])
        {
            Assert.Contains("another form", GroupAssert.Refused(bench, layer, DiagnosticCodes.OperatorNotMapped).Reason, StringComparison.Ordinal);
        }
    }

    /// <summary>A channel as another one makes it, in everything that makes it.</summary>
    private static OnnxModel WithCopy(Workbench bench, ChannelGroup group, int copy, int source)
    {
        var model = bench.Model.Clone();
        var relations = bench.Analysis.Relations;
        var read = group.ConsumerLayers.Select(c => (c.Layer.Weight, Axis: c.Layer.InputAxis)).ToHashSet();
        foreach (var (name, axes) in relations.Constants)
        {
            foreach (var (number, axis) in axes.Index().Where(a => a.Item is not null && !read.Contains((name, a.Index))))
            {
                int[] Indices(int channel) => [.. Enumerable.Range(0, axis!.Length).Where(i => relations.Elements.Owners(axis.Ids[i]).Contains(group.Atoms[channel]))];
                foreach (var (target, from) in Indices(copy).Zip(Indices(source)))
                {
                    model.Combine(name, number, target, (from, 1));
                }
            }
        }

        return model;
    }

    private static int[] Choose(ChannelGroup group, Random random)
    {
        int[] kept = [.. Enumerable.Range(0, group.Channels).Where(c => !group.IsFree[c] || random.NextDouble() < 0.6)];
        return kept.Length == 0 ? [random.Next(group.Channels)] : kept;
    }

    /// <summary>Attention over features, added to them; as the analysis sees it.</summary>
    internal static Workbench Bench(AttentionForm form, AttentionSizes sizes)
    {
        var test = new TestModel(opset: form is AttentionForm.Standard or AttentionForm.StandardHeads or AttentionForm.StandardGrouped ? 23 : 17);
        var mixed = test.Attention("a", test.Input("x", "N", form is AttentionForm.MultiHeadScores or AttentionForm.ProductsMerged ? sizes.Positions : "L", sizes.Features), form, sizes);
        var model = test.Output(test.Node("Add", "y", ["x", mixed]), "N", "L", sizes.Features).Build();
        if (form is not (AttentionForm.Fused or AttentionForm.FusedLengths or AttentionForm.FusedNarrow))
        {
            return new Workbench(model);
        }

        var samples = ModelRunner.Samples(model, count: 64);
        var simplified = Simplifier.Simplify(model, ModelRunner.Runtime, samples.Read([0]), TestContext.Current.CancellationToken);
        ModelAssert.SameOutputs(model, simplified, Rounding, "simplified", samples);
        return new Workbench(simplified, samples);
    }
}
