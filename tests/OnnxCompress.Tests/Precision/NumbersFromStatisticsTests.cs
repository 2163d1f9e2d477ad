using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
using OnnxCompress.Selection;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>Models in fewer bits from statistics alone: no sample is run.</summary>
public sealed class NumbersFromStatisticsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Merged_statistics_give_all_layers_in_8_bits_nearly_as_samples_do()
    {
        var (model, samples) = (Network(), ModelRunner.Samples(Network(), 64));

        var stated = Compress(model, Made(model), new() { Statistics = Statistics(model, samples), RemovesNothing = true });
        var sampled = Compress(model, samples, new() { RemovesNothing = true });

        Assert.NotEmpty(stated.Precision);
        Assert.All(stated.Precision, layer => Assert.Equal("int8", layer.Form));
        Assert.Equal(Scales(sampled.Model), Scales(stated.Model));
        Assert.InRange(ModelAssert.Distance(model, stated.Model, samples), 1e-6, 2 * ModelAssert.Distance(model, sampled.Model, samples));
        Assert.Contains("no samples", Assert.Single(stated.Diagnostics, d => d.Code == DiagnosticCodes.NumbersFromStatistics).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(sampled.Diagnostics, d => d.Code == DiagnosticCodes.NumbersFromStatistics);
    }

    [Fact]
    public void Channels_are_removed_and_the_rest_is_in_8_bits()
    {
        var (model, samples) = (Network(), ModelRunner.Samples(Network(), 64));

        var result = Compress(model, Made(model), new()
        {
            Statistics = Statistics(model, samples), Budget = new Budget(KeepParameters: 0.7), Methods = [CompressionMethod.Interpolative], Reconstruction = ReconstructionMode.Local, Trials = 1,
        });

        Assert.NotEmpty(result.Plan.Channels);
        Assert.All(result.Precision, layer => Assert.Equal("int8", layer.Form));
        Assert.DoesNotContain("rounded to the nearest", Assert.Single(result.Diagnostics, d => d.Code == DiagnosticCodes.NumbersFromStatistics).Message, StringComparison.Ordinal);
        Assert.Equal(result.Compressed.Bytes, result.Model.Bytes);
    }

    [Fact]
    public void What_the_original_does_not_have_stays_in_floating_point_and_says_why()
    {
        var (model, samples) = (Network(), ModelRunner.Samples(Network(), 64));

        var result = Compress(model, Made(model), new()
        {
            Statistics = Statistics(model, samples), Budget = new Budget(KeepParameters: 0.8), Methods = [CompressionMethod.LowRank], Reconstruction = ReconstructionMode.Local, Trials = 1,
        });

        Assert.NotEmpty(result.Plan.Splits);
        Assert.Contains(result.Precision, layer => layer.Reason?.Contains("which the original does not have", StringComparison.Ordinal) == true);
        Assert.Contains(result.Precision, layer => layer.Form == "int8");
        Assert.InRange(ModelAssert.Distance(model, result.Model, samples), 1e-6, 0.9);
    }

    [Fact]
    public void Statistics_without_ranges_leave_convolutions_in_floating_point_and_say_so()
    {
        var model = Network();
        var bare = new Workbench(model).Statistics;

        var result = Compress(model, Made(model), new() { Statistics = bare, RemovesNothing = true });

        Assert.All(result.Precision.Where(l => l.Layer.StartsWith('c')), layer => Assert.Contains("earlier versions", layer.Reason, StringComparison.Ordinal));
        Assert.Equal("int8-dynamic", Assert.Single(result.Precision, layer => layer.Layer == "fc").Form);
    }

    [Fact]
    public void Error_feedback_and_biases_come_from_statistics()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 8);
        // 32 numbers made of 8: strongly correlated.
        var model = test.Output(test.Gemm("last", test.Relu("relu", test.Gemm("first", "x", 8, 64)), 64, 64), "N", 64).Build();
        var samples = ModelRunner.Samples(model, 200);
        var statistics = Statistics(model, samples);
        OnnxModel In(CalibrationStatistics? known) =>
            Compress(model, Made(model), new() { Statistics = known, IsDataFree = known is null, RemovesNothing = true, Precision = NumberForm.Int4, Exclude = ["first"] }).Model;

        var (rounded, fed) = (In(null), In(statistics));

        Assert.InRange(ModelAssert.Distance(model, fed, samples), 1e-6, 0.7 * ModelAssert.Distance(model, rounded, samples));
        Assert.InRange(MeanDifference(model, fed, samples), 0, 0.2 * MeanDifference(model, rounded, samples));
    }

    private static double MeanDifference(OnnxModel model, OnnxModel other, ISampleSource samples)
    {
        var (left, right) = (ModelRunner.Run(model, samples, samples.Count)[0].Values, ModelRunner.Run(other, samples, samples.Count)[0].Values);
        return Enumerable.Range(0, 64).Sum(o => Math.Abs(left.Zip(right, (a, b) => a - b).Where((_, i) => i % 64 == o).Average()));
    }

    private static CalibrationStatistics Statistics(OnnxModel model, ISampleSource samples)
    {
        CalibrationStatistics Of(int part) => new Compressor(new CpuBackend(1), ModelRunner.Runtime).Calibrate(
            model, new SubsetSampleSource(samples, [.. Enumerable.Range(0, samples.Count).Where(i => i % 2 == part)]), new CompressionOptions { Threads = 1 }, null, Token);
        var merged = Of(0);
        merged.Add(Of(1));
        return merged;
    }

    private static CompressionResult Compress(OnnxModel model, ISampleSource samples, CompressionOptions options) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, samples, options with { Threads = 1, Precision = options.Precision ?? NumberForm.Int8 }, null, Token);

    private static RandomSampleSource Made(OnnxModel model) => new(model.Inputs, 1, 0);

    private static IEnumerable<float> Scales(OnnxModel model) =>
        model.Graph.Nodes.Where(n => n.OpType == "QuantizeLinear").Select(n => model.Graph.Constant(n.Inputs[1])!.ReadFloats()[0]);

    /// <summary>Padded, strided and depthwise convolutions, a sum, a pool and a product.</summary>
    private static OnnxModel Network()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 8, 8);
        test.Relu("relu1", test.Conv("c1", "x", 3, 16, 3, pad: 1));
        test.Relu("relu2", test.Node("Conv", "c2", ["relu1", test.Weight("c2.w", 16, 1, 3, 3), test.Weight("c2.b", 16)], ("group", 16L), ("pads", new long[] { 1, 1, 1, 1 })));
        test.Conv("c3", "relu2", 16, 16);
        test.Relu("relu3", test.Node("Add", "sum", ["c3", "relu1"]));
        test.Relu("relu4", test.Conv("c4", "relu3", 16, 24, 3, pad: 1));
        test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", ["relu4"])]);
        test.Gemm("fc", "flat", 24, 4);
        return test.Output("fc", "N", 4).Build();
    }
}
