using System.Security.Cryptography;
using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Calibration;

/// <summary>Ranges of activations are counted in the calibration pass, kept in statistics files, and add up.</summary>
public sealed class RangeStatisticsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Shards_in_any_order_count_what_the_whole_does()
    {
        var (model, samples) = (Model(), ModelRunner.Samples(Model(), 30));
        var whole = Calibrate(model, samples);
        ISampleSource Shard(int shard) => new SubsetSampleSource(samples, [.. Enumerable.Range(0, 30).Where(i => i * 7 % 3 == shard)]);

        foreach (var order in (int[][])[[0, 1, 2], [2, 0, 1]])
        {
            var merged = Calibrate(model, Shard(order[0]));
            merged.Add(Calibrate(model, Shard(order[1])));
            merged.Add(Calibrate(model, Shard(order[2])));

            // The last layer gives floats.
            Assert.Equal(["pool", "r1", "r2", "x"], whole.Ranges.Keys);
            Assert.Equal(whole.RangedTensors, merged.RangedTensors);
            Assert.All(whole.Ranges, range => Same(range.Value, merged.Ranges[range.Key]));
        }
    }

    [Fact]
    public void What_calibration_counts_is_what_a_run_on_the_samples_sees()
    {
        var (model, samples) = (Model(), ModelRunner.Samples(Model(), 10));

        var counted = Calibrate(model, samples).Ranges;

        var seen = new RangeObserver(new FoldBatches(samples, model.Inputs, 16, Token), [.. counted.Keys], 1).Run(ModelRunner.Runtime, model, Token);
        Assert.All(seen, range => Same(range.Value, counted[range.Key]));
    }

    [Fact]
    public void A_file_holds_them_to_the_bit()
    {
        var written = Calibrate(Model(), ModelRunner.Samples(Model(), 10));
        written.Save(_folder.File("a.stats"));

        var read = CalibrationStatistics.Load(_folder.File("a.stats"));
        read.Save(_folder.File("b.stats"));

        Assert.Equal(written.RangedTensors, read.RangedTensors);
        Assert.All(written.Ranges, range => Same(range.Value, read.Ranges[range.Key]));
        Assert.Equal(File.ReadAllBytes(_folder.File("a.stats")), File.ReadAllBytes(_folder.File("b.stats")));
    }

    [Fact]
    public void A_file_of_the_version_before_is_read_without_ranges_and_adds_up_with_its_like_alone()
    {
        var bare = Bare();
        bare.Save(_folder.File("new.stats"));
        var content = File.ReadAllBytes(_folder.File("new.stats"))[..^SHA256.HashSizeInBytes];
        // Version 3 ended before the number of ranges.
        content[8] = 3;
        var old = CalibrationStatistics.Load(_folder.Write("old.stats", Signed(content[..^sizeof(int)])));

        var error = Assert.Throws<OnnxCompressException>(() => old.Add(Calibrate(Model(), ModelRunner.Samples(Model(), 4))));

        Assert.Equal((0, bare.Places), (old.RangedTensors, old.Places));
        Assert.Equal(DiagnosticCodes.StatisticsMismatch, error.Diagnostic.Code);
        Assert.Contains("no ranges of activations", error.Message, StringComparison.Ordinal);
        old.Add(CalibrationStatistics.Load(_folder.File("old.stats")));
        Assert.Equal(2 * bare.Samples, old.Samples);
    }

    [Fact]
    public void An_older_version_is_refused_by_name()
    {
        Bare().Save(_folder.File("new.stats"));
        var content = File.ReadAllBytes(_folder.File("new.stats"))[..^SHA256.HashSizeInBytes];
        content[8] = 2;

        var error = Assert.Throws<OnnxCompressException>(() => CalibrationStatistics.Load(_folder.Write("old.stats", Signed(content))));

        Assert.Equal(DiagnosticCodes.StatisticsMalformed, error.Diagnostic.Code);
        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1f, 2f, 5)]
    [InlineData(6, 1f, 2f, 5)]
    [InlineData(0, -1f, 2f, 5)]
    [InlineData(0, 2f, 1f, 5)]
    [InlineData(0, 1f, float.PositiveInfinity, 5)]
    [InlineData(0, 1f, 2f, -5)]
    public void Counts_that_contradict_a_range_are_refused(int zeros, float least, float greatest, long count)
    {
        var sound = new TensorHistogram();
        sound.Add([1, 2]);
        var bins = sound.Counts().Select(c => c.Bin).ToArray();
        TensorHistogram Read() => TensorHistogram.Of([(bins[0], count), (bins[1], 1)], 0, zeros, least, greatest);

        if ((zeros, least, greatest, count) is (0, 1f, 2f, 5))
        {
            Assert.Equal(6, Read().Count);
        }
        else
        {
            Assert.Throws<FormatException>(Read);
        }
    }

    [Fact]
    public void What_is_not_finite_is_left_out_and_counted_in_a_file_too()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 4);
        test.Node("Exp", "exp", [test.Node("Mul", "much", ["x", test.Scalar("factor", 60)])]);
        var model = test.Output("exp", "N", 4).Build();
        var bench = new Workbench(model);
        new Calibrator(ModelRunner.Runtime, 1, 16) { Ranged = ["exp"] }.Run(model, bench.Analysis.Relations.Shapes, [], bench.Samples, null, null, Token).Save(_folder.File("a.stats"));

        var values = CalibrationStatistics.Load(_folder.File("a.stats")).Ranges["exp"];
        var ranges = ActivationRanges.Of(
            new Dictionary<string, TensorHistogram> { ["exp"] = values }, model.Graph, new QuantizerOptions(new ReconstructionOptions(1, 16, 0, 1 << 20), new WeightGrid(WeightGrid.Full)));

        Assert.InRange(values.NonFinite, 1, (4 * 64) - 1);
        Assert.Equal(4 * 64, values.NonFinite + values.Count);
        Assert.Contains("'exp'", Assert.Single(ranges.Warnings).Message, StringComparison.Ordinal);
    }

    private static CalibrationStatistics Bare() => new Workbench(Model(), ModelRunner.Samples(Model(), 4)).Statistics;

    private static byte[] Signed(byte[] content) => [.. content, .. SHA256.HashData(content)];

    private static CalibrationStatistics Calibrate(OnnxModel model, ISampleSource samples) =>
        new Compressor(new CpuBackend(1), ModelRunner.Runtime).Calibrate(model, samples, new CompressionOptions { Threads = 1 }, null, Token);

    private static void Same(TensorHistogram expected, TensorHistogram actual)
    {
        Assert.Equal(expected.Counts(), actual.Counts());
        Assert.Equal((expected.Count, expected.NonFinite, expected.Zeros, expected.Least, expected.Greatest), (actual.Count, actual.NonFinite, actual.Zeros, actual.Least, actual.Greatest));
    }

    private static OnnxModel Model()
    {
        var test = new TestModel(opset: 13);
        test.Input("x", "N", 3, 6, 6);
        test.Relu("r2", test.Conv("c2", test.Relu("r1", test.Conv("c1", "x", 3, 8, 3, pad: 1)), 8, 6, 3, pad: 1));
        test.Gemm("f", test.Node("Flatten", "flat", [test.Node("GlobalAveragePool", "pool", ["r2"])]), 6, 4);
        return test.Output("f", "N", 4).Build();
    }
}
