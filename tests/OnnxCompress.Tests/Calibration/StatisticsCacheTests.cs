using OnnxCompress.Calibration;
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
        CalibrationStatistics Collect()
        {
            _collected++;
            return new Calibrator(ModelRunner.Runtime, 1).Run(bench.Model, bench.Analysis.Relations.Shapes, taps, data, 16, null, null, Token);
        }

        return new StatisticsCache(folder ?? _folder.Root).Get(bench.Model, taps, data, 16, Collect, Token);
    }
}
