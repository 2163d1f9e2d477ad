using System.Security.Cryptography;
using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

public sealed class CompressTests : IDisposable
{
    /// <summary>One plan and published weights: for tests of what happens around a result, whatever the result is.</summary>
    private static readonly string[] Quick = ["--samples", "400", "--methods", "id", "--trials", "1", "--reconstruct", "none"];

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_original_takes_the_place_of_a_result_that_is_not_found_when_asked()
    {
        string[] hopeless = ["--include", "head/Gemm", "--methods", "id", "--reconstruct", "none", "--precision", "float", "--for", "params"];

        var plain = Compress(hopeless);
        var written = File.Exists(Out);
        var run = Compress([.. hopeless, "--original-otherwise"]);

        Assert.Equal((3, 3), (plain.Code, run.Code));
        Assert.False(written);
        Assert.DoesNotContain("Nothing was written", run.Error, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(SampleFiles.Model), File.ReadAllBytes(Out));
    }

    [Fact]
    public void The_report_holds_what_was_done()
    {
        var run = Compress("--keep-macs", "0.6", "--trials", "1", "--time-limit", "1.5h", "--report", _folder.File("report.json"), "--seed", "5", "--quiet");

        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("report.json")));
        var root = report.RootElement;
        Assert.Equal(0, run.Code);
        Assert.Equal(1, root.GetProperty("schema").GetInt32());
        Assert.Equal(5, root.GetProperty("seed").GetInt32());
        Assert.Equal("glyphs.onnx", root.GetProperty("model").GetProperty("source").GetString());
        Assert.Equal(Sha256(SampleFiles.Model), root.GetProperty("model").GetProperty("sha256").GetString());
        Assert.Equal(Sha256(Out), root.GetProperty("compressed").GetProperty("sha256").GetString());
        Assert.Equal(new FileInfo(SampleFiles.Model).Length, root.GetProperty("original").GetProperty("bytes").GetInt64());
        Assert.Equal(new FileInfo(Out).Length, root.GetProperty("compressed").GetProperty("bytes").GetInt64());
        var share = root.GetProperty("compressed").GetProperty("macs").GetDouble() / root.GetProperty("original").GetProperty("macs").GetDouble();
        Assert.InRange(share, 0.3, 0.6);
        Assert.Equal(250, root.GetProperty("verification").GetProperty("samples").GetInt32());
        Assert.InRange(root.GetProperty("verification").GetProperty("agreementLower95").GetDouble(), 0.5, root.GetProperty("verification").GetProperty("agreement").GetDouble());
        Assert.NotEqual(0, root.GetProperty("sites").GetArrayLength());
        Assert.Equal((5400, false), (root.GetProperty("timing").GetProperty("limitSeconds").GetDouble(), root.GetProperty("timing").GetProperty("limitReached").GetBoolean()));
        Assert.Contains("reconstruct", root.GetProperty("timing").GetProperty("peakBytes").EnumerateObject().Select(stage => stage.Name));
    }

    [Fact]
    public void Where_time_is_up_before_a_model_was_found_nothing_is_written()
    {
        var run = Compress("--keep-macs", "0.6", "--time-limit", "0.001s");

        run.HasOneError(3, DiagnosticCodes.TimeLimitReached, "before a first model was made");
        Assert.False(File.Exists(Out));
    }

    [Theory]
    [InlineData("coreset,id,svd")]
    [InlineData("coreset")]
    [InlineData("svd")]
    public void Without_data_weights_are_cut_and_nothing_is_said_to_be_proven(string methods)
    {
        var run = CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--keep-params", "0.7", "--methods", methods, "--input-range", "0,1", "--report", _folder.File("report.json"));

        Assert.Equal(0, run.Code);
        Assert.Contains("warning OCX7006", run.Error, StringComparison.Ordinal);
        Assert.Contains("random inputs", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("same decision", run.Output, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("report.json")));
        Assert.False(report.RootElement.TryGetProperty("verification", out var verification) && verification.ValueKind != JsonValueKind.Null);
        Assert.Equal(64, report.RootElement.GetProperty("randomInputs").GetProperty("samples").GetInt32());
        var share = report.RootElement.GetProperty("compressed").GetProperty("parameters").GetDouble() / report.RootElement.GetProperty("original").GetProperty("parameters").GetDouble();
        Assert.InRange(share, 0.3, 0.7);
    }

    [Fact]
    public void With_data_every_method_works_alone()
    {
        foreach (var method in (string[])["id", "svd", "coreset", "redundancy"])
        {
            var run = Compress("--keep-macs", "0.7", "--samples", "400", "--trials", "1", "--methods", method, "--reconstruct", "none", "--min-agreement", "0", "--overwrite", "--report", _folder.File("report.json"));

            Assert.Equal(0, run.Code);
            using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("report.json")));
            Assert.All(report.RootElement.GetProperty("sites").EnumerateArray(), site => Assert.Equal(method, site.GetProperty("method").GetString()));
        }
    }

    [Fact]
    public void Json_is_all_that_stdout_holds()
    {
        var run = Compress([.. Quick, "--keep-params", "0.7", "--json"]);

        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(0, run.Code);
        Assert.Equal("1.0.0", report.RootElement.GetProperty("tool").GetString());
        Assert.Contains("calibrate: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_guard_that_fails_writes_nothing()
    {
        var run = Compress([.. Quick, "--keep-macs", "0.15", "--min-agreement", "1", "--report", _folder.File("report.json"), "--quiet"]);

        Assert.Equal(3, run.Code);
        Assert.Contains($"error {DiagnosticCodes.GuardNotMet}", run.Error, StringComparison.Ordinal);
        Assert.Contains("Nothing was written", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void Force_writes_a_result_that_failed_with_a_warning()
    {
        var run = Compress([.. Quick, "--keep-macs", "0.15", "--min-agreement", "1", "--force"]);

        Assert.Equal(0, run.Code);
        Assert.Contains($"warning {DiagnosticCodes.GuardNotMet}", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Out));
    }

    [Fact]
    public void A_result_that_is_not_smaller_is_not_written()
    {
        var run = Compress("--keep-macs", "1");

        Assert.Equal(3, run.Code);
        Assert.Contains($"error {DiagnosticCodes.ResultNotSmaller}", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void A_budget_out_of_reach_is_not_met()
    {
        var run = Compress([.. Quick, "--keep-bytes", "0.001"]);

        Assert.Equal(3, run.Code);
        Assert.Contains($"error {DiagnosticCodes.BudgetOutOfReach}", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void The_guard_of_a_model_without_decisions_is_its_error()
    {
        var run = Compress([.. Quick, "--keep-macs", "0.3", "--decision", "none", "--max-error", "0.001"]);

        Assert.Equal(3, run.Code);
        Assert.Contains("more than --max-error 0.001", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_included_part_is_all_that_is_cut()
    {
        var run = Compress("--keep-params", "0.9", "--trials", "1", "--include", "stage3/*", "--report", _folder.File("report.json"));

        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("report.json")));
        Assert.Equal(0, run.Code);
        Assert.All(report.RootElement.GetProperty("sites").EnumerateArray(), site => Assert.StartsWith("stage3/", site.GetProperty("site").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_cancelled_run_leaves_nothing()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();

        var run = CliRun.Of(cancellation.Token, "compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--keep-macs", "0.5");

        run.HasOneError(130, DiagnosticCodes.Cancelled);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void Verify_holds_a_guard_against_a_model_that_decides_otherwise()
    {
        Compress([.. Quick, "--keep-macs", "0.15", "--min-agreement", "0"]);

        var run = CliRun.Of("verify", SampleFiles.Model, Out, "-d", SampleFiles.Test, "--scale", SampleFiles.Scale, "--min-agreement", "0.999");

        Assert.Equal(3, run.Code);
        Assert.Contains($"error {DiagnosticCodes.GuardNotMet}", run.Error, StringComparison.Ordinal);
        Assert.Contains("same decision", run.Output, StringComparison.Ordinal);
    }

    private CliRun Compress(params string[] options)
    {
        var run = CliRun.Of(["compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, .. options]);
        TestContext.Current.TestOutputHelper?.WriteLine(run.Error + run.Output);
        return run;
    }

    private static string Sha256(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
