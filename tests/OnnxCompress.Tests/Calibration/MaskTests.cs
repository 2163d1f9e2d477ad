using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Calibration;

/// <summary>What a mask leaves out of statistics and of least squares: whatever stands there, the result is the one without it.</summary>
public sealed class MaskTests
{
    private const int Real = 4, Padded = 6;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(17)]
    [InlineData(11)]
    public void Statistics_are_those_without_the_padding(long opset)
    {
        var model = Sequences(opset);
        var (bare, padded) = (new Sentences(Real, 0), new Sentences(Padded, float.NaN));

        Same(Statistics(model, bare, null), Statistics(model, padded, "attention_mask"));
    }

    [Fact]
    public void Positions_of_a_convolution_are_left_out_as_well()
    {
        var builder = new TestModel();
        builder.Input("x", "N", "T", 4);
        builder.Input("attention_mask", "N", "T");
        var turned = builder.Node("Transpose", "turn", ["x"], ("perm", new long[] { 0, 2, 1 }));
        builder.Node("Conv", "c1", [turned, builder.Weight("c1.w", 6, 4, 1)]);
        builder.Node("Conv", "c2", [builder.Relu("r", "c1"), builder.Weight("c2.w", 3, 6, 1)]);
        builder.Node("Mul", "out", ["c2", builder.Node("Unsqueeze", "mask3", ["attention_mask", builder.Integers("one", 1)])]);
        var model = builder.Output("out").Build();

        Same(Statistics(model, new Sentences(Real, 0), null), Statistics(model, new Sentences(Padded, float.NaN), "attention_mask"));
    }

    [Fact]
    public void Errors_of_sites_are_those_without_the_padding()
    {
        double Error(ISampleSource samples, string? mask)
        {
            var bench = new Workbench(Sequences(), new Sentences(Real, 0));
            var plan = new CompressionPlan(bench.Model.SourceSha256, [new ChannelPlan("m1", CompressionMethod.Interpolative, [0, 1, 2, 5, 7], 12, 0, 1e-7)]);
            var placed = PlacedPlan.Of(plan, bench.Model, bench.Analysis);
            return Assert.Single(new SiteErrorMeter(ModelRunner.Runtime, 1) { Mask = mask }.Measure(
                bench.Model, bench.Rewrite(plan), placed.Layers, new Shrinkage(bench.Model.Graph, bench.Analysis.Relations, placed.IsRootKept), samples, 16, Token));
        }

        var bare = Error(new Sentences(Real, 0), null);

        NumericAssert.Within(bare, Error(new Sentences(Padded, float.NaN), "attention_mask"), 1e-6, 1, "the same rows");
        NumericAssert.Within(bare, Error(new Sentences(Padded, 50), "attention_mask"), 1e-6, 1, "the same rows");
        Assert.InRange(Math.Abs(bare - Error(new Sentences(Padded, 50), null)), 0.001, 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_kernels_make_of_the_padding_does_not_count(bool isOneValue)
    {
        OnnxModel Model(double atPadding)
        {
            var builder = new TestModel();
            builder.Input("x", "N", "T", 4);
            builder.Input("attention_mask", "N", "T");
            var mask = builder.Node("Unsqueeze", "mask3", ["attention_mask", builder.Integers("last", 2)]);
            var padding = builder.Node("Mul", "padding", [builder.Node("Sub", "left", [builder.Scalar("one", 1), mask]), builder.Scalar("far", (float)atPadding)]);
            var sum = builder.Node("Add", "sum", ["x", padding]);
            return builder.Output(isOneValue ? builder.Node("ReduceMax", "max", [sum], ("axes", new long[] { 2 }), ("keepdims", 0L)) : sum).Build();
        }

        var runtime = new TwoFaced(Model(100));
        double Measured(string? mask) => new KernelDifference(runtime, 1) { Mask = mask }.Measure(Model(0), new Sentences(Padded, 0), 16, Token);

        Assert.Equal(0, Measured("attention_mask"));
        Assert.True(Measured(null) > 1);

        // The same two models beside each other, for relative errors of outputs.
        double? drift = new ModelVerifier(ModelRunner.Runtime).Verify(
            Model(0), Model(100), new Sentences(Padded, 0), new VerificationOptions { Decisions = [new(DecisionKind.None)] }, null, Token).RelativeError;
        Assert.Equal(0, drift);
    }

    [Fact]
    public void Rows_that_are_fitted_to_are_those_without_the_padding()
    {
        using var bare = new Fitted(new Sentences(Real, 0));
        using var padded = new Fitted(new Sentences(Padded, 1e4f));

        for (var b = 0; b < bare.Outputs.Batches.Count; b++)
        {
            Assert.All(bare.Sites, site =>
            {
                Assert.NotEmpty(bare.Outputs.Targets(site, b));
                var (expected, actual) = (bare.Outputs.Targets(site, b), padded.Outputs.Targets(site, b));
                NumericAssert.Within(Row(expected), Row(actual), 1e-6, NumericAssert.Norm(Row(expected)), "the same rows in a batch of other sizes");
            });
        }
    }

    [Theory]
    [InlineData(ReconstructionMode.Sequential)]
    [InlineData(ReconstructionMode.None)]
    public void Compressed_weights_are_those_without_the_padding(ReconstructionMode mode)
    {
        var (bare, padded) = (Weights(new Sentences(Real, 0), null, mode), Weights(new Sentences(Padded, 1e3f), null, mode));
        var ignored = Weights(new Sentences(Padded, 1e3f) { CountsAll = true }, null, mode);

        Assert.Equal(bare.Keys, padded.Keys);
        foreach (var (name, weight) in bare)
        {
            NumericAssert.Within(Row(weight), Row(padded[name]), 1e-3, NumericAssert.Norm(Row(weight)), $"{name}: solved from float sums of other batches");
        }

        Assert.Contains(bare, w => !ignored.TryGetValue(w.Key, out var other) || Distance(w.Value, other) > 0.05);
    }

    [Fact]
    public void A_mask_lies_along_the_axes_that_have_its_sizes()
    {
        static int[] Axes(long[] mask, long[] dims, int channels) => SampleMask.Axes(SampleMask.Sizes(mask), dims, channels) ?? [];

        Assert.Equal([0, 1], Axes([2, 5], [2, 5, 8], 2));
        Assert.Equal([0, 2], Axes([2, 5], [2, 8, 5], 1));
        Assert.Equal([0, 2], Axes([2, 1, 1, 5], [2, 3, 5, 8], 3));
        Assert.Equal([0, 2, 3], Axes([2, 1, 7, 5], [2, 3, 7, 5], 1));
        Assert.Equal([0], Axes([2, 5], [10, 8], 1));
        // A vector for each sample, another length, and two axes that it may lie along.
        Assert.Empty(Axes([2, 5], [2, 8], 1));
        Assert.Empty(Axes([2, 5], [2, 4, 8], 2));
        Assert.Empty(Axes([2, 5], [2, 5, 5, 8], 3));
        Assert.Equal([0, 1, 4], SampleMask.Rows([true, true, false, false, true, false], [0, 1], [2, 3, 8], 2, 6));
    }

    private static OnnxModel Sequences(long opset = 17)
    {
        var builder = new TestModel(opset);
        builder.Input("x", "N", "T", 4);
        builder.Input("attention_mask", "N", "T");
        builder.MatMul("m2", builder.Relu("r", builder.MatMul("m1", "x", 4, 12)), 12, 3);
        var mask = opset >= 13
            ? builder.Node("Unsqueeze", "mask3", ["attention_mask", builder.Integers("last", 2)])
            : builder.Node("Unsqueeze", "mask3", ["attention_mask"], ("axes", new long[] { 2 }));
        builder.Node("Mul", "out", ["m2", mask]);
        return builder.Output("out").Build();
    }

    private static CalibrationStatistics Statistics(OnnxModel model, ISampleSource samples, string? mask)
    {
        var bench = new Workbench(model, samples);
        return new Calibrator(ModelRunner.Runtime, 1, 16) { Mask = mask }.Run(
            model, bench.Analysis.Relations.Shapes, bench.Analysis.Groups.SelectMany(g => g.ConsumerLayers).SelectMany(ChannelTap.AllOf), samples, null, null, Token);
    }

    private static void Same(CalibrationStatistics expected, CalibrationStatistics actual)
    {
        var (left, right) = (Assert.Single(expected.Taps).Value.Total(), Assert.Single(actual.Taps).Value.Total());
        Assert.Equal(40 * Real, left.Rows);
        Assert.Equal(left.Rows, right.Rows);
        NumericAssert.Within(Row(left.Gram), Row(right.Gram), 1e-6, NumericAssert.Norm(Row(left.Gram)), "float blocks of other sizes");
        NumericAssert.Within(Row(left.Sums), Row(right.Sums), 1e-6, NumericAssert.Norm(Row(left.Gram)), "float blocks of other sizes");
    }

    private static SortedDictionary<string, float[]> Weights(ISampleSource samples, string? mask, ReconstructionMode mode)
    {
        var options = new CompressionOptions { Budget = new(KeepParameters: 0.6), Methods = [CompressionMethod.Interpolative], Reconstruction = mode, Mask = mask, Threads = 1, Trials = 1 };
        var made = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(Sequences(), samples, options, null, Token).Model;
        var weights = new SortedDictionary<string, float[]>(StringComparer.Ordinal);
        foreach (var name in made.Graph.Nodes.Where(node => node.OpType is "MatMul" or "Gemm").Select(node => node.Input(1)!))
        {
            weights.Add(name, made.Graph.Constant(name)!.ReadFloats());
        }

        return weights;
    }

    private static double Distance(float[] one, float[] other) =>
        one.Length != other.Length ? double.PositiveInfinity : Math.Sqrt(one.Zip(other, (a, b) => Math.Pow(a - b, 2)).Sum()) / NumericAssert.Norm(Row(one));

    private static Matrix<double> Row(IEnumerable<double> values) => new(1, values.Count(), [.. values]);

    private static Matrix<double> Row(float[] values) => Row(values.Select(value => (double)value));

    private sealed class Fitted : IDisposable
    {
        public Fitted(ISampleSource samples)
        {
            var model = Sequences();
            var bench = new Workbench(model, samples);
            Outputs = new(ModelRunner.Runtime, model, bench.Analysis.Relations, samples, new ReconstructionOptions(1, 16, 0, 1 << 30), Token);
            Sites = FitSites.Possible(model, bench.Analysis.Relations);
            Outputs.Take(Sites, Token);
        }

        public OriginalOutputs Outputs { get; }

        public IReadOnlyList<FitSite> Sites { get; }

        public void Dispose() => Outputs.Dispose();
    }

    /// <summary>Optimised, every model is another one.</summary>
    private sealed class TwoFaced(OnnxModel optimised) : IModelRuntime
    {
        public string Version => ModelRunner.Runtime.Version;

        public IModelSession Open(OnnxModel model, SessionSettings settings) => ModelRunner.Runtime.Open(settings.Optimize ? optimised : model, settings);
    }

    /// <summary>Forty sentences of four tokens, and padding behind them; equal whatever the padding, so that folds are too.</summary>
    private sealed class Sentences(int length, float padding) : ISampleSource, IHashedSamples
    {
        public int Count => 40;

        public bool CountsAll { get; init; }

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices)
        {
            var (values, mask) = (new List<float>(), new List<float>());
            foreach (var index in indices)
            {
                var random = new Random(index);
                values.AddRange(Enumerable.Range(0, 4 * Real).Select(_ => (float)((2 * random.NextDouble()) - 1)));
                values.AddRange(Enumerable.Range(0, 4 * (length - Real)).Select(i => padding * (1 + (i % 3))));
                mask.AddRange(Enumerable.Range(0, length).Select(t => CountsAll || t < Real ? 1f : 0f));
            }

            return [new("x", ElementType.Float, [indices.Length, length, 4], values.ToArray()), new("attention_mask", ElementType.Float, [indices.Length, length], mask.ToArray())];
        }

        public ulong ContentHash(int index) => unchecked((ulong)(index + 1) * 0x9E3779B97F4A7C15);

        public string Preparation => "";
    }
}
