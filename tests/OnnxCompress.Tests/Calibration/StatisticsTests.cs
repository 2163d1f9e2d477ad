using OnnxCompress.Calibration;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Calibration;

/// <summary>Statistics add up, and depend neither on batches nor on threads.</summary>
public sealed class StatisticsTests
{
    [Fact]
    public void Statistics_of_shards_add_up_to_those_of_the_whole()
    {
        var bench = new Workbench(Model(), ModelRunner.Samples(Model(), 40));
        var whole = bench.Calibrate(bench.Samples, batchSize: 4);
        var merged = bench.Calibrate(new SubsetSampleSource(bench.Samples, [.. Enumerable.Range(0, 16)]), batchSize: 4);

        merged.Add(bench.Calibrate(new SubsetSampleSource(bench.Samples, [.. Enumerable.Range(16, 24)]), batchSize: 4));

        Assert.Equal(40, merged.Samples);
        Compare(whole, merged, 1e-6, "float blocks of other samples");
    }

    [Fact]
    public void Statistics_do_not_depend_on_the_batch_size()
    {
        var bench = new Workbench(Model(), ModelRunner.Samples(Model(), 40));

        var (one, many) = (bench.Calibrate(bench.Samples, batchSize: 1), bench.Calibrate(bench.Samples, batchSize: 10));

        Compare(one, many, 1e-6, "float blocks of other sizes");
    }

    [Fact]
    public void Statistics_do_not_depend_on_the_number_of_threads()
    {
        var bench = new Workbench(Model(), ModelRunner.Samples(Model(), 40));

        var (one, two, four) = (bench.Calibrate(bench.Samples, threads: 1), bench.Calibrate(bench.Samples, threads: 2), bench.Calibrate(bench.Samples, threads: 4));

        Compare(one, two, 0, "bit for bit");
        Compare(one, four, 0, "bit for bit");
    }

    [Fact]
    public void Samples_of_unequal_length_add_up_to_those_of_each_length()
    {
        var builder = new TestModel();
        builder.Input("x", "N", "L", 4);
        var model = builder.Output(builder.MatMul("m2", builder.Relu("r", builder.MatMul("m1", "x", 4, 6)), 6, 3)).Build();
        ISampleSource[] lengths = [.. new[] { 5, 2, 300 }.Select(length => ModelRunner.Samples(model, count: 24, seed: length, dynamicSize: length))];
        var bench = new Workbench(model, lengths[0]);

        var mixed = bench.Calibrate(new MixedSamples(lengths), batchSize: 4);
        var apart = lengths.Select(samples => new Workbench(model, samples).Calibrate(samples, batchSize: 4)).ToArray();
        foreach (var part in apart.Skip(1))
        {
            apart[0].Add(part);
        }

        Assert.Equal(72, mixed.Samples);
        Assert.Equal(24 * (5 + 2 + 300), Assert.Single(mixed.Taps).Value.Rows);
        Compare(apart[0], mixed, 1e-6, "float blocks of other sizes");
    }

    [Fact]
    public void Statistics_of_another_model_are_refused()
    {
        var bench = new Workbench(Model());
        var other = new Workbench(Model(seed: 2));

        var error = Assert.Throws<OnnxCompressException>(() => bench.Statistics.Add(other.Statistics));

        Assert.Equal(DiagnosticCodes.StatisticsMismatch, error.Diagnostic.Code);
    }

    [Fact]
    public void Activations_that_overflow_are_named()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 4);
        builder.Node("Mul", "boom", [builder.Gemm("f1", "x", 4, 6), builder.Scalar("huge", 1e30f)]);
        builder.Gemm("f2", "boom", 6, 2);
        var bench = new Workbench(builder.Output("f2").Build());

        var error = Assert.Throws<OnnxCompressException>(() => bench.Statistics);

        Assert.Equal(DiagnosticCodes.ActivationsNotFinite, error.Diagnostic.Code);
        Assert.Contains("boom", error.Message, StringComparison.Ordinal);
    }

    private static OnnxModel Model(int seed = 1)
    {
        var builder = new TestModel(seed: seed);
        builder.Input("x", "N", 3, 6, 6);
        builder.Relu("r2", builder.Conv("c2", builder.Relu("r1", builder.Conv("c1", "x", 3, 8, 3)), 8, 6, 3, pad: 1));
        builder.Gemm("f", builder.Node("Flatten", "flat", ["r2"]), 96, 4);
        return builder.Output("f").Build();
    }

    private static void Compare(CalibrationStatistics expected, CalibrationStatistics actual, double tolerance, string source)
    {
        Assert.Equal(expected.Taps.Keys, actual.Taps.Keys);
        foreach (var (key, before) in expected.Taps)
        {
            // Fold by fold: a shard's samples go where the whole's went.
            Assert.Equal((before.Fit.Rows, before.Check.Rows), (actual.Taps[key].Fit.Rows, actual.Taps[key].Check.Rows));
            var (left, right) = (before.Total(), actual.Taps[key].Total());
            Assert.Equal(left.Rows, right.Rows);
            NumericAssert.RelativeFrobenius(Square(left.Gram), Square(right.Gram), tolerance, $"{key}: {source}");
            NumericAssert.Within(Row(left.Sums), Row(right.Sums), tolerance, Math.Sqrt(left.Rows) * NumericAssert.Norm(Square(left.Gram)), $"{key}: {source}");
        }
    }

    private static Matrix<double> Square(double[] values) => new((int)Math.Sqrt(values.Length), (int)Math.Sqrt(values.Length), values);

    private static Matrix<double> Row(double[] values) => new(1, values.Length, values);

    /// <summary>Samples of several sources in turn.</summary>
    private sealed class MixedSamples(ISampleSource[] parts) : ISampleSource
    {
        public int Count => parts.Sum(part => part.Count);

        public int ShapeGroup(int index) => index % parts.Length;

        public IReadOnlyList<HostTensor> Read(ReadOnlySpan<int> indices) => parts[ShapeGroup(indices[0])].Read(indices.ToArray().Select(index => index / parts.Length).ToArray());
    }
}
