using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Whole transformers in the operators that optimisers and builders of language models write, compressed as users would.</summary>
public sealed class TransformerTests
{
    private const int Words = 60, Features = 32, Hidden = 48;

    private static readonly AttentionSizes Sizes = new(Features, Heads: 4, KeyHeads: 2, Width: 16, ValueWidth: 16);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_language_model_loses_hidden_units_and_query_heads_that_are_copies()
    {
        var model = LanguageModel();
        Copy(model);

        var result = Compress(model, new CompressionOptions { Budget = new(KeepParameters: 0.74), Methods = [CompressionMethod.Interpolative] });

        Assert.True(result.Compressed.Parameters <= 0.74 * result.Original.Parameters);
        ModelAssert.SameContract(model, result.Model);
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "copies", Ids(model, 5));
        Assert.Contains(result.Sites, s => s.Method == CompressionMethod.Interpolative && s.Site == "l0.gate");
        Assert.Equal(model.Graph.Nodes.Select(n => n.OpType), result.Model.Graph.Nodes.Select(n => n.OpType));
    }

    [Fact]
    public void A_language_model_in_4_bits_is_thinned_and_written_back()
    {
        var model = LanguageModel();
        Copy(model);
        var quantised = OnnxModel.Load(Compress(model, new CompressionOptions { RemovesNothing = true, Precision = NumberForm.Int4 }).Model.ToBytes());
        Assert.Contains(quantised.Graph.Nodes, n => n.OpType == "MatMulNBits");

        var result = Compress(quantised, new CompressionOptions { Budget = new(KeepParameters: 0.74), Precision = NumberForm.Int4, Methods = [CompressionMethod.Interpolative] });

        Assert.True(result.Compressed.Parameters <= 0.74 * result.Original.Parameters);
        Assert.Contains(result.Model.Graph.Nodes, n => n.OpType == "MatMulNBits");
        ModelAssert.SameContract(quantised, result.Model);
        // Rounded twice, it is about as far from the float model as rounded once.
        Assert.True(ModelAssert.Distance(model, result.Model, Ids(model, 5)) < (1.5 * ModelAssert.Distance(model, quantised, Ids(model, 5))) + 0.02);
    }

    [Fact]
    public void A_text_encoder_as_the_optimiser_writes_it_loses_hidden_units_that_are_copies()
    {
        var model = TextEncoder();
        Copy(model);

        var result = Compress(model, new CompressionOptions { Budget = new(KeepParameters: 0.89), Methods = [CompressionMethod.Interpolative] });

        Assert.True(result.Compressed.Parameters <= 0.89 * result.Original.Parameters);
        ModelAssert.SameContract(model, result.Model);
        ModelAssert.SameOutputs(model, result.Model, ModelAssert.Redundant, "copies", Ids(model, 5));
    }

    /// <summary>Half of the hidden units of each layer are copies of the others, and of the query heads of each group.</summary>
    private static void Copy(OnnxModel model)
    {
        foreach (var name in model.Graph.Initializers.Keys.Where(n => n.EndsWith(".gate.w", StringComparison.Ordinal) || n.EndsWith(".up.w", StringComparison.Ordinal) || n.EndsWith(".gelu.b", StringComparison.Ordinal)))
        {
            for (var unit = 0; unit < Hidden / 2; unit++)
            {
                model.Combine(name, model.Graph.Initializers[name].Dims.Count - 1, (Hidden / 2) + unit, (unit, 1));
            }
        }

        foreach (var name in model.Graph.Initializers.Keys.Where(n => n.EndsWith(".a.q.w", StringComparison.Ordinal) || n.EndsWith(".a.q.b", StringComparison.Ordinal)))
        {
            for (var i = 0; i < Sizes.Heads * Sizes.Width; i++)
            {
                if (i / Sizes.Width % 2 == 1)
                {
                    model.Combine(name, model.Graph.Initializers[name].Dims.Count - 1, i, (i - Sizes.Width, 1));
                }
            }
        }
    }

    /// <summary>Two layers of grouped queries and a gated network, behind normalisations by the mean of squares; keys and values are outputs.</summary>
    private static OnnxModel LanguageModel()
    {
        var test = new TestModel(opset: 17);
        test.Input("ids", ElementType.Int64, "N", "L");
        var stream = test.Node("Gather", "words", [test.Weight("words.w", Words, Features), "ids"]);
        var normalised = test.Node("SimplifiedLayerNormalization", "first", [stream, Gain(test, "first")], ("epsilon", 1e-5f), ("axis", -1));
        for (var layer = 0; layer < 2; layer++)
        {
            var name = $"l{layer}";
            var attended = test.Attention($"{name}.a", normalised, layer == 0 ? AttentionForm.GroupedCached : AttentionForm.GroupedRotary, Sizes);
            (normalised, stream) = Skip(test, $"{name}.n1", stream, attended);
            var gate = test.MatMul($"{name}.gate", normalised, Features, Hidden);
            var gated = test.Node("Mul", $"{name}.silu", [gate, test.Node("Sigmoid", $"{name}.sigmoid", [gate])]);
            var inner = test.Node("Mul", $"{name}.inner", [gated, test.MatMul($"{name}.up", normalised, Features, Hidden)]);
            (normalised, stream) = Skip(test, $"{name}.n2", stream, test.MatMul($"{name}.down", inner, Hidden, Features));
        }

        return test.Output(test.MatMul("head", normalised, Features, 12), "N", "L", 12).Build();
    }

    /// <summary>Embeddings, attention, sums and activations in one node each.</summary>
    private static OnnxModel TextEncoder()
    {
        var test = new TestModel(opset: 17);
        test.Input("ids", ElementType.Int64, "N", 6);
        var ids = test.Node("Cast", "ids32", ["ids"], ("to", (int)ElementType.Int32));
        test.Nodes("EmbedLayerNormalization", "e", [ids, "", test.Weight("words.w", Words, Features), test.Weight("positions.w", 8, Features), "", Gain(test, "e"), test.Weight("e.beta", Features)], ["e", "e.mask"], ("epsilon", 1e-5f));
        var stream = test.Own("e");
        for (var layer = 0; layer < 2; layer++)
        {
            var name = $"l{layer}";
            var attended = test.Attention($"{name}.a", stream, layer == 0 ? AttentionForm.Fused : AttentionForm.MultiHeadBias, Sizes);
            stream = test.Own(test.Node("SkipLayerNormalization", $"{name}.n1", [attended, stream, Gain(test, $"{name}.n1"), test.Weight($"{name}.n1.beta", Features), test.Weight($"{name}.n1.bias", Features)], ("epsilon", 1e-5f)));
            var up = test.MatMul($"{name}.up", stream, Features, Hidden);
            var inner = layer == 0 ? test.Own(test.Node("BiasGelu", $"{name}.gelu", [up, test.Weight($"{name}.gelu.b", Hidden)])) : test.Own(test.Node("FastGelu", $"{name}.gelu", [up, test.Weight($"{name}.gelu.b", Hidden)]));
            stream = test.Own(test.Node("SkipLayerNormalization", $"{name}.n2", [test.MatMul($"{name}.down", inner, Hidden, Features), stream, Gain(test, $"{name}.n2"), test.Weight($"{name}.n2.beta", Features), test.Weight($"{name}.n2.bias", Features)], ("epsilon", 1e-5f)));
        }

        return test.Output(test.MatMul("head", stream, Features, 12), "N", 6, 12).Build();
    }

    private static (string Normalised, string Stream) Skip(TestModel test, string name, string stream, string added)
    {
        test.Nodes("SkipSimplifiedLayerNormalization", name, [stream, added, Gain(test, name)], [name, "", "", $"{name}.sum"], ("epsilon", 1e-5f));
        test.Own(name);
        return (name, $"{name}.sum");
    }

    private static string Gain(TestModel test, string name) => test.Floats($"{name}.gain", [Features], [.. Enumerable.Range(0, Features).Select(i => 1 + (0.3f * MathF.Sin(i)))]);

    private static TokenSource Ids(OnnxModel model, int seed) => new TokenSource(model.Inputs[0].Name, Words, 6, 64, seed);

    private static CompressionResult Compress(OnnxModel model, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, Ids(model, 1), options with { Threads = 1 }, null, Token);
}
