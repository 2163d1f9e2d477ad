using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>Queries and keys that lost directions, behind layers that changed, fitted to the scores there were.</summary>
public sealed class ScoreFitTests
{
    private const int Words = 40, Features = 24, Hidden = 32;

    private static readonly AttentionSizes Sizes = new(Features, Heads: 3, KeyHeads: 3, Width: 8, ValueWidth: 8);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AttentionForm.Products)]
    [InlineData(AttentionForm.MultiHead)]
    [InlineData(AttentionForm.MultiHeadBias)]
    [InlineData(AttentionForm.Standard)]
    public void Behind_changed_layers_fits_are_closer_than_what_was_left_out(AttentionForm form)
    {
        var model = Network(form);
        var plan = PlanOf(model);

        var truncated = Compress(model, plan, ReconstructionMode.None);
        var fitted = Compress(model, plan, ReconstructionMode.Sequential);

        Assert.Equal(ParameterCount.Of(truncated.Model), ParameterCount.Of(fitted.Model));
        var other = Ids(model, 9);
        var (before, after) = (ModelAssert.Distance(model, truncated.Model, other), ModelAssert.Distance(model, fitted.Model, other));
        Assert.True(after < 0.8 * before, $"{form}: {before:G4} without fits, {after:G4} with them");
        Assert.Contains(fitted.Layers, l => l.Layer == "l1.a.q" && l.ErrorAfter < l.ErrorBefore);
        Assert.Contains(fitted.Layers, l => l.Layer == "l1.a.k" && l.ErrorAfter < l.ErrorBefore);
    }

    /// <summary>Weights are rounded for what the original makes in the basis that fits have brought layers to.</summary>
    [Fact]
    public void In_8_bits_it_answers_nearly_alike()
    {
        var model = Network(AttentionForm.Products);
        var plan = PlanOf(model);
        var other = Ids(model, 9);

        var floats = Compress(model, plan, ReconstructionMode.Sequential);
        var bytes = Compress(model, plan with { Precision = NumberForm.Int8 }, ReconstructionMode.Sequential);

        Assert.Contains(bytes.Model.Graph.Nodes, n => n.OpType == "DynamicQuantizeLinear");
        Assert.True(ModelAssert.Distance(model, bytes.Model, other) < (1.2 * ModelAssert.Distance(model, floats.Model, other)) + 0.05);
    }

    [Fact]
    public void A_plan_with_directions_is_read_as_it_was_written()
    {
        var plan = PlanOf(Network(AttentionForm.Products));
        var path = Path.GetTempFileName();
        try
        {
            plan.Save(path);
            Assert.Equal(plan.ToText(), CompressionPlan.Load(path).ToText());
            Assert.Contains("directions of each head", plan.ToText(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Of a budget that methods with forms alone are given, queries and keys pay their part.</summary>
    [Fact]
    public void Copies_of_directions_pay_for_a_budget()
    {
        var plain = Network(AttentionForm.Products);
        var analysis = Analyze(plain);
        var model = analysis.Scores.Aggregate(plain, (copied, group) => ScoreCopies.Of(ScoreCopies.Of(copied, group.Scores!.Queries, Sizes.Width, 3), group.Scores!.Keys, Sizes.Width, 3));
        var saved = (double)(2 * 2 * (Sizes.Width - 3) * Sizes.Heads * (Features + 1)) / ParameterCount.Of(model);

        var result = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
            model, Ids(model, 1), new CompressionOptions { Budget = new(KeepParameters: 1 - (0.98 * saved)), Methods = [CompressionMethod.LowRank], Threads = 1, Target = RunTarget.Gpu }, null, Token);

        Assert.Equal(2, result.Sites.Count(s => s.Site.EndsWith("/scores", StringComparison.Ordinal) && s.Kept == 3));
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "copies", Ids(model, 5));
    }

    private static CompressionPlan PlanOf(OnnxModel model)
    {
        var analysis = Analyze(model);
        Assert.Equal(2, analysis.Scores.Count);
        var up = analysis.Groups.Single(g => g.Producers.Contains("l0.up"));
        return new CompressionPlan(
            model.SourceSha256,
            [
                new ChannelPlan(up.Name, CompressionMethod.Interpolative, [.. Enumerable.Range(0, Hidden / 2)], Hidden, 0, 1e-6),
                .. analysis.Scores.Select(g => new ChannelPlan(g.Name, CompressionMethod.LowRank, [0, 1, 2, 3], Sizes.Width, 0, 0)),
            ]);
    }

    /// <summary>Two layers of attention and of hidden units, behind normalisations.</summary>
    private static OnnxModel Network(AttentionForm form)
    {
        var test = new TestModel(opset: form == AttentionForm.Standard ? 23 : 17);
        test.Input("ids", ElementType.Int64, "N", 6);
        var stream = test.Node("Gather", "words", [test.Weight("words.w", Words, Features), "ids"]);
        for (var layer = 0; layer < 2; layer++)
        {
            var name = $"l{layer}";
            stream = Normalised(test, $"{name}.n1", test.Node("Add", $"{name}.s1", [stream, test.Attention($"{name}.a", stream, form, Sizes)]));
            var inner = test.Node("Relu", $"{name}.relu", [test.Node("Add", $"{name}.up.added", [test.MatMul($"{name}.up", stream, Features, Hidden), test.Weight($"{name}.up.b", Hidden)])]);
            stream = Normalised(test, $"{name}.n2", test.Node("Add", $"{name}.s2", [stream, test.MatMul($"{name}.down", inner, Hidden, Features)]));
        }

        return test.Output(test.MatMul("head", stream, Features, 8), "N", 6, 8).Build();
    }

    private static string Normalised(TestModel test, string name, string stream) => test.Node(
        "LayerNormalization", name, [stream, test.Floats($"{name}.gain", [Features], [.. Enumerable.Range(0, Features).Select(i => 1 + (0.3f * MathF.Sin(i)))]), test.Weight($"{name}.beta", Features)], ("axis", -1), ("epsilon", 1e-5f));

    private static TokenSource Ids(OnnxModel model, int seed) => new(model.Inputs[0].Name, Words, 6, 160, seed);

    private static ModelAnalysis Analyze(OnnxModel model) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Analyze(model, Ids(model, 1), new CompressionOptions(), Token);

    private static CompressionResult Compress(OnnxModel model, CompressionPlan plan, ReconstructionMode mode) => new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(
        model, Ids(model, 1), new CompressionOptions { Plan = plan, Precision = plan.Precision, Reconstruction = mode, Threads = 1 }, null, Token);
}
