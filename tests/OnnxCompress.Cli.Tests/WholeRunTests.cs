using System.Text.Json;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>The main job as users run it, with all that it does by default.</summary>
public sealed class WholeRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_sample_model_becomes_smaller_and_the_proof_is_printed()
    {
        var run = Compress("--keep-macs", "0.6", "--verify-data", SampleFiles.Test, "--labels", SampleFiles.TestLabels);

        Assert.Equal(0, run.Code);
        Assert.True(new FileInfo(Out).Length < 0.8 * new FileInfo(SampleFiles.Model).Length, $"{new FileInfo(Out).Length} bytes");
        string[] parts = ["parameters", "MACs", "latency (batch 1", "same decision", "with 95% confidence", "accuracy, compressed", "what was cut", "left alone, by reason"];
        Assert.All(parts, part => Assert.Contains(part, run.Output, StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
        Assert.Contains("wrote ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Equal_inputs_give_equal_bytes()
    {
        Compress("--keep-macs", "0.6", "--samples", "200", "--trials", "2");
        var first = File.ReadAllBytes(Out);

        var again = Compress("--keep-macs", "0.6", "--samples", "200", "--trials", "2", "--overwrite");

        Assert.Equal(0, again.Code);
        Assert.Equal(first, File.ReadAllBytes(Out));
    }

    [Fact]
    public void A_compressed_model_is_verified_against_its_original()
    {
        Compress("--keep-macs", "0.7", "--trials", "1");

        var run = CliRun.Of("verify", SampleFiles.Model, Out, "-d", SampleFiles.Test, "--scale", SampleFiles.Scale, "--labels", SampleFiles.TestLabels, "--json");

        using var report = JsonDocument.Parse(run.Output);
        var verification = report.RootElement.GetProperty("verification");
        Assert.Equal(0, run.Code);
        Assert.Equal(1500, verification.GetProperty("samples").GetInt32());
        Assert.InRange(verification.GetProperty("agreement").GetDouble(), 0.9, 1);
        Assert.InRange(verification.GetProperty("accuracy").GetProperty("original").GetDouble(), 0.97, 1);
        Assert.True(report.RootElement.GetProperty("compressed").GetProperty("macs").GetInt64() < report.RootElement.GetProperty("original").GetProperty("macs").GetInt64());
    }

    private CliRun Compress(params string[] options)
    {
        var run = CliRun.Of(["compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, .. options]);
        TestContext.Current.TestOutputHelper?.WriteLine(run.Error + run.Output);
        return run;
    }
}
