using OnnxCompress.Allocation;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>All stages in a row, as a user of the library runs them.</summary>
public sealed class PipelineTests
{
    [Fact]
    public void The_sample_becomes_smaller_and_decides_as_before()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        using var calibration = Open(SampleFiles.Calibration, model);
        using var test = Open(SampleFiles.Test, model);
        var stages = new List<string>();
        var options = new CompressionOptions { Budget = new Budget(KeepMacs: 0.7), Threads = 2 };

        var result = new Compressor(new CpuBackend(2), ModelRunner.Runtime)
            .Compress(model, calibration, options, new Listener(stages), TestContext.Current.CancellationToken);
        var verified = new ModelVerifier(ModelRunner.Runtime)
            .Verify(model, result.Model, test, new VerificationOptions { Threads = 2 }, null, TestContext.Current.CancellationToken);

        Assert.Equal(["analyze", "calibrate", "select", "allocate", "reconstruct"], stages.Distinct());
        Assert.True(result.Compressed.Macs <= 0.7 * result.Original.Macs);
        Assert.True(result.Model.ToBytes().Length < model.ToBytes().Length);
        Assert.Equal(result.Compressed.Bytes, result.Model.ToBytes().Length);
        Assert.Equal(result.Compressed.Parameters, ParameterCount.Of(result.Model));
        Assert.Equal(result.Plan.Sites.Select(s => s.Site), result.Sites.Select(s => s.Site));
        ModelAssert.SameContract(model, result.Model);
        Assert.Equal(1500, verified.Samples);
        Assert.True(verified.Agreement >= LeastAgreement, $"Only {verified.Agreement:p2} of decisions are the same.");
    }

    [Fact]
    public void A_search_counts_its_plans_in_place_of_starting_stages_again()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        using var calibration = Open(SampleFiles.Calibration, model);
        var data = new CompressionData(
            new SubsetSampleSource(calibration, [.. Enumerable.Range(0, 64)]), new SubsetSampleSource(calibration, [.. Enumerable.Range(64, 32)]));
        var stages = new List<string>();
        var options = new CompressionOptions { Budget = new Budget(KeepMacs: 0.7), Threads = 2, Reconstruction = ReconstructionMode.None };

        new Compressor(new CpuBackend(2), ModelRunner.Runtime).Compress(model, data, options, new Listener(stages), TestContext.Current.CancellationToken);

        var turns = stages.Where((stage, i) => i == 0 || stages[i - 1] != stage);
        Assert.Equal(["analyze", "calibrate", "select", "search", "reconstruct"], turns);
        Assert.True(stages.Count(stage => stage == "search") > 2);
    }

    [Fact]
    public void A_bias_that_layers_shared_does_not_stay_in_the_file_when_each_has_its_own()
    {
        var builder = new TestModel();
        var inner = builder.Relu("r1", builder.Conv("first", builder.Input("x", "N", 3, 6, 6), 3, 16, kernel: 3, pad: 1));
        var outer = builder.Relu("r2", builder.Conv("second", inner, 16, 16, kernel: 3, pad: 1));
        builder.Output(builder.Conv("third", outer, 16, 16, kernel: 3, pad: 1), "N", 16, 6, 6);
        foreach (var node in builder.Graph.Node.Where(n => n.Name is "second" or "third"))
        {
            node.Input[2] = "second.b";
        }

        var result = Compress(builder.Build(), new Budget(KeepParameters: 0.6));

        result.Model.Graph.Index();
        Assert.Contains(result.Layers, layer => layer.Layer == "third" && layer.ErrorAfter < layer.ErrorBefore);
        Assert.All(result.Model.Graph.Initializers.Keys, name => Assert.NotEmpty(result.Model.Graph.Uses(name)));
    }

    [Fact]
    public void Without_a_budget_nothing_goes()
    {
        var model = Chain(ElementType.Float);

        var result = Compress(model, Budget.None);

        Assert.Empty(result.Plan.Sites);
        Assert.Equal(result.Original.Macs, result.Compressed.Macs);
        ModelAssert.SameOutputs(model, result.Model, 1e-6, "nothing changed");
    }

    [Fact]
    public void The_same_data_give_the_same_bytes_whatever_the_threads()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        using var calibration = Open(SampleFiles.Calibration, model);
        var few = new SubsetSampleSource(calibration, [.. Enumerable.Range(0, 64)]);

        var bytes = new[] { 1, 2 }.Select(threads => new Compressor(new CpuBackend(threads), ModelRunner.Runtime).Compress(
            model, few, new CompressionOptions { Budget = new Budget(KeepParameters: 0.6), Threads = 1 }, null, TestContext.Current.CancellationToken).Model.ToBytes()).ToArray();

        Assert.True(bytes[0].AsSpan().SequenceEqual(bytes[1]));
    }

    [Theory]
    [InlineData((int)ElementType.Float16)]
    [InlineData((int)ElementType.Double)]
    public void Other_float_types_are_compressed_and_stay(int type)
    {
        var model = Chain((ElementType)type);

        var result = Compress(model, new Budget(KeepParameters: 0.8));

        Assert.NotEmpty(result.Plan.Sites);
        Assert.All(result.Sites, s => Assert.True(double.IsFinite(s.MeasuredError)));
        ModelAssert.SameContract(model, result.Model);
        Assert.All(result.Model.Graph.Initializers.Values, i => Assert.Equal((ElementType)type, i.Type));
    }

    [Fact]
    public void A_classifier_that_gives_out_classes_only_is_compressed()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 6);
        builder.Gemm("f2", builder.Relu("r", builder.Node("Identity", "id", [builder.Gemm("f1", "x", 6, 16)])), 16, 5);
        builder.Node("ArgMax", "class", ["f2"], ("axis", 1), ("keepdims", 0));
        var model = builder.Output("class", ElementType.Int64, "N").Build();

        var result = Compress(model, new Budget(KeepParameters: 0.8));

        ModelAssert.SameContract(model, result.Model);
    }

    [Fact]
    public void A_model_with_a_fixed_batch_is_compressed_and_keeps_it()
    {
        var builder = new TestModel();
        builder.Input("x", 4, 6);
        builder.Gemm("f2", builder.Relu("r", builder.Gemm("f1", "x", 6, 16)), 16, 5);
        var model = builder.Output("f2", 4, 5).Build();

        var result = Compress(model, new Budget(KeepParameters: 0.7));

        ModelAssert.SameContract(model, result.Model);
        Assert.NotEmpty(result.Sites);
    }

    [Fact]
    public void A_model_in_which_nothing_can_shrink_is_refused_by_its_budget()
    {
        // A weight of one column has no smaller rank.
        var builder = new TestModel();
        builder.Input("x", "N", 1);
        builder.Gemm("f", "x", 1, 5);

        var error = Assert.Throws<OnnxCompressException>(() => Compress(builder.Output("f").Build(), new Budget(KeepParameters: 0.5)));

        Assert.Equal(DiagnosticCodes.BudgetOutOfReach, error.Diagnostic.Code);
    }

    [Theory]
    [InlineData(ChannelSelection.Target)]
    [InlineData(ChannelSelection.PivotedQr)]
    public void A_run_can_be_cancelled(ChannelSelection selection)
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        var model = Chain(ElementType.Float);

        Assert.ThrowsAny<OperationCanceledException>(() => new Compressor(new CpuBackend(1), ModelRunner.Runtime)
            .Compress(model, ModelRunner.Samples(model), new CompressionOptions { Selection = selection }, null, source.Token));
    }

    /// <summary>0.995 was measured; lower by a margin for choices that fall otherwise on another CPU.</summary>
    private const double LeastAgreement = 0.98;

    private static CompressionResult Compress(OnnxModel model, Budget budget) => new Compressor(new CpuBackend(1), ModelRunner.Runtime)
        .Compress(model, ModelRunner.Samples(model, 64), new CompressionOptions { Budget = budget, Alignment = 1, Threads = 1 }, null, TestContext.Current.CancellationToken);

    private static FileSampleSource Open(string path, OnnxModel model) =>
        FileSampleSource.Open([new DataFile(path)], model.Inputs, TensorLayout.Nchw, new Preprocessing(1 / 255.0, [], []));

    private static OnnxModel Chain(ElementType type)
    {
        var builder = new TestModel();
        builder.Input("x", type, "N", 6);
        builder.Gemm("f2", builder.Relu("r", builder.Gemm("f1", "x", 6, 16)), 16, 5);
        builder.Output("f2", type, "N", 5);
        foreach (var tensor in builder.Graph.Initializer)
        {
            var values = new Initializer(tensor).ReadFloats();
            tensor.DataType = (int)type;
            new Initializer(tensor).Write([.. tensor.Dims], values);
        }

        return builder.Build();
    }

    private sealed class Listener(List<string> stages) : IProgress<ProgressUpdate>
    {
        public void Report(ProgressUpdate value) => stages.Add(value.Stage);
    }
}
