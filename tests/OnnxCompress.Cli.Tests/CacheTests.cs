using System.Text.Json;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>What one run leaves for the next.</summary>
public sealed class CacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_second_run_times_no_node_and_takes_no_statistics()
    {
        var first = Compress("--keep-latency", "0.9", "--precision", "float");
        var second = Compress("--keep-latency", "0.95", "--precision", "float");

        Assert.True(first.GetProperty("nodeTimingSeconds").GetDouble() > 0);
        Assert.Equal(0, second.GetProperty("nodeTimingSeconds").GetDouble());
        Assert.Single(Directory.GetFiles(_folder.File("cache"), "statistics-*"));
        Assert.Single(Directory.GetFiles(_folder.File("cache"), "node-times-*"));
    }

    [Fact]
    public void Statistics_of_the_cache_give_the_same_bytes()
    {
        Compress("--keep-macs", "0.6");
        var before = File.ReadAllBytes(_folder.File("o.onnx"));
        Compress("--keep-macs", "0.6");

        Assert.Equal(before, File.ReadAllBytes(_folder.File("o.onnx")));
    }

    public void Dispose() => _folder.Dispose();

    private JsonElement Compress(params string[] budget)
    {
        var report = _folder.File("r.json");
        var run = CliRun.Of([
            "compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), "--overwrite", "-d", SampleFiles.Calibration, "--scale", "0.00392156862745098",
            "--samples", "96", "--methods", "svd", "--reconstruct", "local", "--trials", "1", "--threads", "1", "--min-agreement", "0", "--force",
            "--cache-dir", _folder.File("cache"), "--report", report, .. budget]);
        Assert.True(run.Code == 0, run.Error);
        using var document = JsonDocument.Parse(File.ReadAllText(report));
        return document.RootElement.GetProperty("timing").Clone();
    }
}
