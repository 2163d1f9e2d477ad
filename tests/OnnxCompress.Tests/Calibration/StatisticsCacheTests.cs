using OnnxCompress.Calibration;
using OnnxCompress.Samples;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Calibration;

public sealed class StatisticsCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private int _collected;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void The_same_inputs_are_collected_once()
    {
        var first = Get(16);
        var second = Get(16);

        Assert.Equal(1, _collected);
        Assert.Equal(first.Samples, second.Samples);
        Assert.All(first.Taps, tap => Assert.Equal(tap.Value.Fit.Gram, second.Taps[tap.Key].Fit.Gram));
    }

    [Fact]
    public void Other_samples_are_other_statistics()
    {
        Get(16);
        Get(15);

        Assert.Equal(2, _collected);
    }

    [Fact]
    public void The_same_files_prepared_otherwise_are_other_statistics()
    {
        var model = new TestModel();
        model.Input("x", "N", 4);
        var bench = new Workbench(model.Output(model.Gemm("f", "x", 4, 3)).Build());
        var file = new DataFile(_folder.Write("x.npy", NpyBytes.Of([8, 4], [.. Enumerable.Range(0, 32).Select(i => (float)i)])));
        Preprocessing[] preparations = [Preprocessing.None, new(0.5, [], []), new(1, [0.5], []), new(1, [], [0.5]), Preprocessing.None];
        ChannelTap[] taps = [.. LayerProblems.Taps(bench.Analysis)];

        foreach (var preparation in preparations)
        {
            using var data = FileSampleSource.Open([file], bench.Model.Inputs, TensorLayout.Nchw, preparation);
            new StatisticsCache(_folder.File("cache")).Get(bench.Model, taps, new SubsetSampleSource(data, [0, 1, 2]), 16, null, () => Collect(bench, taps, data), Token);
        }

        Assert.Equal(4, _collected);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void A_damaged_file_is_collected_again(int length)
    {
        Get(16);
        var file = Assert.Single(Directory.GetFiles(_folder.Root));
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..length]);

        Get(16);
        Get(16);

        Assert.Equal(2, _collected);
    }

    [Fact]
    public void A_channel_whose_square_underflows_is_collected_once()
    {
        var model = new TestModel();
        model.Input("x", "N", 4);
        model.Floats("lift", [3], 1e-25f, 1, 2);
        var lifted = model.Node("Add", "lifted", [model.MatMul("first", "x", 4, 3), "lift"]);
        // The weights of the small channel are zeros: its values are the constant alone.
        var weight = model.Graph.Initializer.Single(w => w.Name == "first.w");
        var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray();
        (values[0], values[3], values[6], values[9]) = (0, 0, 0, 0);
        weight.RawData = Google.Protobuf.ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        var bench = new Workbench(model.Output(model.Gemm("f", lifted, 3, 2)).Build());
        var data = ModelRunner.Samples(bench.Model, count: 40);
        ChannelTap[] taps = [.. LayerProblems.Taps(bench.Analysis)];

        for (var run = 0; run < 2; run++)
        {
            new StatisticsCache(_folder.Root).Get(bench.Model, taps, data, 16, null, () => Collect(bench, taps, data), Token);
        }

        Assert.Equal(1, _collected);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_costs_time_and_nothing_else()
    {
        var file = _folder.File("no-folder");
        File.WriteAllText(file, "");

        Get(16, file);
        Get(16, file);

        Assert.Equal(2, _collected);
    }

    public void Dispose() => _folder.Dispose();

    private CalibrationStatistics Get(int samples, string? folder = null)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 6, 6);
        var bench = new Workbench(builder.Output(builder.Conv("c", "x", 3, 8, 3)).Build());
        var data = ModelRunner.Samples(bench.Model, count: samples);
        ChannelTap[] taps = [.. LayerProblems.Taps(bench.Analysis)];
        return new StatisticsCache(folder ?? _folder.Root).Get(bench.Model, taps, data, 16, null, () => Collect(bench, taps, data), Token);
    }

    private CalibrationStatistics Collect(Workbench bench, ChannelTap[] taps, ISampleSource data)
    {
        _collected++;
        return new Calibrator(ModelRunner.Runtime, 1, 16).Run(bench.Model, bench.Analysis.Relations.Shapes, taps, data, null, null, Token);
    }
}
