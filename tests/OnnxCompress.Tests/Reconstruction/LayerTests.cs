using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>
/// A layer in front gets other weights that lose nothing, the layer behind it gets zeros: least squares must find the
/// weights that give the original's outputs again, which exist. Shows that rows, patches and weight layouts fit together
/// for every operator.
/// </summary>
public sealed class LayerTests
{
    public static TheoryData<string> Layers => [.. Cases.Keys];

    private static Dictionary<string, (object[] Input, Func<TestModel, string, string> Layer)> Cases { get; } = new(StringComparer.Ordinal)
    {
        ["convolution"] = (["N", 4, 7, 6], (m, x) => m.Conv("layer", x, 4, 5, 3)),
        ["strided, dilated, padded on one side"] = (["N", 4, 9, 8], (m, x) => m.Node(
            "Conv", "layer", [x, m.Weight("layer.w", 5, 4, 3, 2), m.Weight("layer.b", 5)],
            ("kernel_shape", new long[] { 3, 2 }), ("strides", new long[] { 2, 1 }), ("dilations", new long[] { 1, 2 }), ("pads", new long[] { 2, 0, 1, 3 }))),
        ["same upper"] = (["N", 4, 8, 7], (m, x) => m.Node("Conv", "layer", [x, m.Weight("layer.w", 3, 4, 2, 2)], ("auto_pad", "SAME_UPPER"), ("strides", new long[] { 2, 2 }))),
        ["same lower"] = (["N", 4, 8, 7], (m, x) => m.Node("Conv", "layer", [x, m.Weight("layer.w", 3, 4, 2, 2)], ("auto_pad", "SAME_LOWER"), ("strides", new long[] { 2, 2 }))),
        ["signal"] = (["N", 4, 12], (m, x) => m.Node("Conv", "layer", [x, m.Weight("layer.w", 6, 4, 5), m.Weight("layer.b", 6)], ("pads", new long[] { 2, 2 }))),
        ["volume"] = (["N", 2, 4, 5, 3], (m, x) => m.Node("Conv", "layer", [x, m.Weight("layer.w", 3, 2, 2, 2, 2)], ("pads", new long[] { 1, 0, 0, 0, 0, 1 }))),
        ["grouped"] = (["N", 4, 7, 6], (m, x) => m.Conv("layer", x, 4, 6, 3, pad: 1, group: 2)),
        ["depthwise"] = (["N", 4, 7, 6], (m, x) => m.Conv("layer", x, 4, 4, 3, pad: 1, group: 4)),
        ["transposed"] = (["N", 4, 5, 4], (m, x) => m.Node(
            "ConvTranspose", "layer", [x, m.Weight("layer.w", 4, 3, 3, 2), m.Weight("layer.b", 3)],
            ("strides", new long[] { 2, 3 }), ("pads", new long[] { 1, 0, 0, 1 }), ("output_padding", new long[] { 1, 0 }))),
        ["transposed, grouped"] = (["N", 4, 5, 4], (m, x) => m.Node("ConvTranspose", "layer", [x, m.Weight("layer.w", 4, 2, 2, 2)], ("group", 2L), ("strides", new long[] { 2, 2 }))),
    };

    [Theory]
    [MemberData(nameof(Layers))]
    public void Convolutions_are_found_again(string name)
    {
        var (input, layer) = Cases[name];
        var builder = new TestModel();
        builder.Input("x", input);
        var channels = (int)input[1];
        long[] kernel = [channels, channels, .. Enumerable.Repeat(1L, input.Length - 2)];
        builder.Node("Conv", "front", ["x", builder.Weight("front.w", kernel), builder.Weight("front.b", channels)]);
        var output = layer(builder, "front");
        var model = builder.Output(output).Build();

        CheckFoundAgain(model, name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Fully_connected_layers_are_found_again(bool transB)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Gemm("front", "x", 6, 6);
        builder.Gemm("layer", "front", 6, 4, transB);

        CheckFoundAgain(builder.Output("layer").Build(), $"Gemm, transB {transB}");
    }

    [Fact]
    public void Products_of_sequences_are_found_again_with_the_constant_behind_them()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 5, 6);
        builder.MatMul("front", "x", 6, 6);
        builder.MatMul("layer", "front", 6, 4);
        builder.Node("Add", "sum", ["layer", builder.Weight("layer.b", 4)]);
        var model = builder.Output("sum").Build();
        var compressed = Changed(model);
        compressed.Graph.Constant("layer.b")!.Write([4], new float[] { 9, 9, 9, 9 });

        Reconstruct(model, compressed, ReconstructionMode.Sequential);

        ModelAssert.SameOutputs(model, compressed, 1e-3, "weights and bias exist that lose nothing");
    }

    [Fact]
    public void A_weight_on_the_left_is_found_again()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6, 5);
        builder.Node("MatMul", "front", [builder.Weight("front.w", 6, 6), "x"]);
        builder.Node("MatMul", "layer", [builder.Weight("layer.w", 4, 6), "front"]);

        CheckFoundAgain(builder.Output("layer").Build(), "left operand");
    }

    [Fact]
    public void Nothing_changes_where_nothing_was_compressed()
    {
        var model = Residual();
        var compressed = model.Clone();

        var fits = Reconstruct(model, compressed, ReconstructionMode.Sequential);

        Assert.Empty(fits);
        Assert.Equal(model.ToBytes(), compressed.ToBytes());
    }

    [Fact]
    public void Layers_behind_a_change_never_get_worse_on_unseen_rows()
    {
        var model = Residual();
        var compressed = model.Clone();
        Damage(compressed, "a.w");

        var fits = Reconstruct(model, compressed, ReconstructionMode.Sequential);

        Assert.Equal(["b", "c"], fits.Select(f => f.Layer));
        Assert.All(fits, f => Assert.True(f.ErrorAfter <= f.ErrorBefore, $"{f.Layer}: {f.ErrorBefore} became {f.ErrorAfter}"));
    }

    [Fact]
    public void A_layer_in_front_of_a_sum_mends_what_the_other_branch_lost()
    {
        // What the Add lacks lies in the span of what the layer reads: only a target with the drift can use that.
        var builder = new TestModel();
        builder.Input("x", "N", 4, 6, 6);
        builder.Conv("front", "x", 4, 4);
        builder.Conv("side", "front", 4, 4);
        builder.Conv("layer", "front", 4, 4);
        builder.Node("Add", "sum", ["side", "layer"]);
        var model = builder.Output("sum").Build();
        var compressed = model.Clone();
        Damage(compressed, "side.w");
        Damage(compressed, "front.b");

        var fits = Reconstruct(model, compressed, ReconstructionMode.Sequential);

        Assert.True(Assert.Single(fits, f => f.Layer == "layer").UsesDrift);
        ModelAssert.SameOutputs(model, compressed, 1e-3, "the sum can be mended completely");
    }

    [Fact]
    public void Memory_limits_and_threads_do_not_show_in_the_weights()
    {
        var model = Residual();
        byte[] Weights(long memory, int threads)
        {
            var compressed = model.Clone();
            Damage(compressed, "a.w");
            Reconstruct(model, compressed, ReconstructionMode.Sequential, memory, threads);
            return compressed.ToBytes();
        }

        var expected = Weights(1 << 30, 1);

        Assert.Equal(expected, Weights(0, 1));
        Assert.Equal(expected, Weights(1 << 30, 2));
        Assert.Empty(Directory.EnumerateFiles(Path.GetTempPath(), "onnx-compress-*.tmp"));
    }

    [Fact]
    public void A_run_can_be_cancelled()
    {
        var model = Residual();
        var compressed = model.Clone();
        Damage(compressed, "a.w");
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() => Reconstruct(model, compressed, ReconstructionMode.Sequential, cancellation: source.Token));
    }

    private static void CheckFoundAgain(OnnxModel model, string what)
    {
        var compressed = Changed(model);

        var fit = Assert.Single(Reconstruct(model, compressed, ReconstructionMode.Sequential));

        Assert.Equal("layer", fit.Layer);
        Assert.True(fit.ErrorAfter < 1e-2 * fit.ErrorBefore, $"{what}: {fit.ErrorBefore} became {fit.ErrorAfter}");
        ModelAssert.SameOutputs(model, compressed, 1e-3, $"{what}: weights exist that lose nothing");
    }

    /// <summary>Twice the weights in front, none in the layer.</summary>
    private static OnnxModel Changed(OnnxModel model)
    {
        var compressed = model.Clone();
        foreach (var name in new[] { "front.w", "front.b" }.Where(compressed.Graph.Initializers.ContainsKey))
        {
            var front = compressed.Graph.Constant(name)!;
            front.Write([.. front.Dims], [.. front.ReadFloats().Select(v => 2 * v)]);
        }

        var layer = compressed.Graph.Constant("layer.w")!;
        layer.Write([.. layer.Dims], new float[layer.Count]);
        return compressed;
    }

    /// <summary>Seeded noise on a constant.</summary>
    private static void Damage(OnnxModel model, string constant)
    {
        var random = new Random(3);
        var found = model.Graph.Constant(constant)!;
        found.Write([.. found.Dims], [.. found.ReadFloats().Select(v => v + (0.3f * random.NextSingle()))]);
    }

    /// <summary>A branch that is added to what it reads.</summary>
    internal static OnnxModel Residual()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 8, 8);
        builder.Conv("a", "x", 3, 6, 3, pad: 1);
        builder.Relu("ra", "a");
        builder.Conv("b", "ra", 6, 6, 3, pad: 1);
        builder.Node("Add", "sum", ["ra", "b"]);
        builder.Relu("rs", "sum");
        builder.Conv("c", "rs", 6, 4, 3);
        return builder.Output("c").Build();
    }

    private static IReadOnlyList<FitOutcome> Reconstruct(
        OnnxModel model, OnnxModel compressed, ReconstructionMode mode, long memory = 1 << 30, int threads = 1, CancellationToken? cancellation = null)
    {
        var bench = new Workbench(model);
        var shrinkage = new Shrinkage(compressed.Graph, bench.Analysis.Relations, static _ => true);
        var token = cancellation ?? TestContext.Current.CancellationToken;
        using var outputs = new OriginalOutputs(ModelRunner.Runtime, model, bench.Analysis.Relations, bench.Samples, new ReconstructionOptions(threads, 16, 0, memory), token);
        return new Reconstructor(ModelRunner.Runtime, new CpuBackend(threads), threads).Run(outputs, compressed, shrinkage, mode, null, token);
    }
}
