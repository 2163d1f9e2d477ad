using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Calibration;

/// <summary>Statistics that were taken in parts, saved and merged do what those of one run do.</summary>
public sealed class ShardTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly OnnxModel _model = OnnxModel.Load(SampleFiles.Model);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Four_shards_give_the_plan_of_one_run_and_its_weights()
    {
        using var data = FileSampleSource.Open([new(SampleFiles.Calibration)], _model.Inputs, TensorLayout.Nchw, new(1 / 255.0, [], []));
        var some = Enumerable.Range(0, 240).ToArray();
        foreach (var shard in Enumerable.Range(0, 4))
        {
            // Neither contiguous nor of one size.
            Calibrate(new SubsetSampleSource(data, [.. some.Where(i => i * 7 % 11 % 4 == shard)])).Save(_folder.File($"{shard}.stats"));
        }

        var merged = CalibrationStatistics.Load(_folder.File("0.stats"));
        foreach (var shard in new[] { 3, 1, 2 })
        {
            merged.Add(CalibrationStatistics.Load(_folder.File($"{shard}.stats")));
        }

        var all = new SubsetSampleSource(data, some);
        var (one, four) = (Compress(all, Calibrate(all)), Compress(all, merged));

        Assert.Equal(240, merged.Samples);
        Assert.NotEmpty(one.Plan.Sites);
        Assert.Equal(one.Plan.Channels.Select(s => (s.Site, string.Join(',', s.Kept))), four.Plan.Channels.Select(s => (s.Site, string.Join(',', s.Kept))));
        SameWeights(one.Model, four.Model);
    }

    [Fact]
    public void Statistics_taken_before_give_the_bytes_of_a_run_that_takes_them_itself()
    {
        using var data = FileSampleSource.Open([new(SampleFiles.Calibration)], _model.Inputs, TensorLayout.Nchw, new(1 / 255.0, [], []));
        var some = new SubsetSampleSource(data, [.. Enumerable.Range(0, 100)]);

        Assert.Equal(Compress(some, null).Model.ToBytes(), Compress(some, Calibrate(some)).Model.ToBytes());
    }

    [Fact]
    public void Made_up_samples_measure_nothing()
    {
        using var data = FileSampleSource.Open([new(SampleFiles.Calibration)], _model.Inputs, TensorLayout.Nchw, new(1 / 255.0, [], []));
        var statistics = Calibrate(new SubsetSampleSource(data, [.. Enumerable.Range(0, 100)]));

        var result = Compress(new RandomSampleSource(_model.Inputs, 1, 0), statistics);

        Assert.NotEmpty(result.Sites);
        Assert.All(result.Sites, site => Assert.True(double.IsNaN(site.MeasuredError)));
    }

    private CalibrationStatistics Calibrate(ISampleSource samples) =>
        Compressor().Calibrate(_model, samples, new CompressionOptions { Threads = 2 }, null, TestContext.Current.CancellationToken);

    // What is measured, as whether a rewrite is faster, must not decide between the two.
    private CompressionResult Compress(ISampleSource samples, CalibrationStatistics? statistics) => Compressor().Compress(
        _model,
        samples,
        new CompressionOptions { Budget = new Budget(KeepMacs: 0.6), Threads = 2, Statistics = statistics, Reconstruction = ReconstructionMode.None, CacheFolder = _folder.Root },
        null,
        TestContext.Current.CancellationToken);

    private static Compressor Compressor() => new(new CpuBackend(2), ModelRunner.Runtime);

    private static void SameWeights(OnnxModel expected, OnnxModel actual)
    {
        foreach (var (name, initializer) in expected.Graph.Initializers.Where(pair => pair.Value.Type == ElementType.Float))
        {
            var (left, right) = (initializer.ReadFloats(), actual.Graph.Initializers[name].ReadFloats());
            Assert.Equal(left.Length, right.Length);
            // A bias is what is left of products with means, which cancel.
            var tolerance = name.EndsWith("bias", StringComparison.Ordinal) ? 3e-5 : 1e-5;
            NumericAssert.RelativeFrobenius(Row(left), Row(right), tolerance, $"{name}: float blocks of other samples in the Gram");
        }
    }

    private static Matrix<double> Row(float[] values) => new(1, values.Length, Array.ConvertAll(values, v => (double)v));
}
