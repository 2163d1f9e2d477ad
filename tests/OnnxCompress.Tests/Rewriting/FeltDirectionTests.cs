using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <summary>Ranks and least squares by what a network's outputs feel of a layer, and in nodes that add before they do something else.</summary>
public sealed class FeltDirectionTests
{
    private const int Words = 60, Features = 16, Hidden = 24;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Directions_that_no_output_feels_go_first()
    {
        var test = new TestModel();
        test.Input("ids", ElementType.Int64, "N", 5);
        test.Node("Gather", "words", [test.Weight("words.w", Words, Features), "ids"]);
        // Three of sixteen directions of the table, and no others, reach the output.
        var narrow = test.MatMul("narrow", "words", Features, 3);
        var model = test.Output(test.MatMul("head", test.Node("Tanh", "tanh", [narrow]), 3, 2), "N", 5, 2).Build();

        var result = Compress(model, new CompressionOptions { Budget = new(KeepParameters: 0.37), Methods = [CompressionMethod.LowRank] });

        Assert.Contains(result.Sites, s => s.Site == "words");
        // Rank 4 of a table that is white leaves 0.8 of it.
        Assert.InRange(ModelAssert.Distance(model, result.Model, Ids(5)), 0, 0.2);
    }

    [Fact]
    public void A_fused_encoder_is_solved_as_the_plain_one_is()
    {
        var (plain, fused) = (Encoder(isFused: false), Encoder(isFused: true));
        Assert.InRange(ModelAssert.Distance(plain, fused, Ids(5)), 0, 1e-4);
        var options = new CompressionOptions { Budget = new(KeepParameters: 0.7), Methods = [CompressionMethod.LowRank] };

        var (of, from) = (Compress(plain, options), Compress(fused, options));

        var (expected, actual) = (ModelAssert.Distance(plain, of.Model, Ids(5)), ModelAssert.Distance(fused, from.Model, Ids(5)));
        Assert.InRange(expected, 0.01, 0.9);
        Assert.InRange(actual / expected, 0.95, 1.05);
    }

    private static TokenSource Ids(int seed) => new("ids", Words, 5, 128, seed);

    private static CompressionResult Compress(OnnxModel model, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, Ids(1), options with { Threads = 1 }, null, Token);

    /// <summary>Two layers without attention, normalised behind each sum.</summary>
    private static OnnxModel Encoder(bool isFused)
    {
        var test = new TestModel(opset: 20);
        test.Input("ids", ElementType.Int64, "N", 5);
        var stream = test.Node("Gather", "words", [test.Weight("words.w", Words, Features), "ids"]);
        for (var layer = 0; layer < 2; layer++)
        {
            var name = $"l{layer}";
            var (upBias, downBias) = (test.Weight($"{name}.up.b", Hidden), test.Weight($"{name}.down.b", Features));
            var up = test.MatMul($"{name}.up", stream, Features, Hidden);
            var inner = isFused ? test.Own(test.Node("BiasGelu", $"{name}.gelu", [up, upBias])) : test.Node("Gelu", $"{name}.gelu", [test.Node("Add", $"{name}.up.add", [up, upBias])]);
            var down = test.MatMul($"{name}.down", inner, Hidden, Features);
            var (gain, shift) = (test.Weight($"{name}.gain", Features), test.Weight($"{name}.shift", Features));
            stream = isFused
                ? test.Own(test.Node("SkipLayerNormalization", $"{name}.norm", [down, stream, gain, shift, downBias], ("epsilon", 1e-5f)))
                : test.Node("LayerNormalization", $"{name}.norm", [test.Node("Add", $"{name}.sum", [test.Node("Add", $"{name}.down.add", [down, downBias]), stream]), gain, shift], ("epsilon", 1e-5f));
        }

        return test.Output(test.MatMul("head", stream, Features, 4), "N", 5, 4).Build();
    }
}
