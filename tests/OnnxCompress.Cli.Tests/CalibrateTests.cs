using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

public sealed class CalibrateTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Stats => _folder.File("model.stats");

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Calibrating_first_gives_the_model_that_compress_alone_gives()
    {
        string[] common = ["-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "120"];
        var calibrated = CliRun.Of(["calibrate", SampleFiles.Model, "-o", Stats, "--json", .. common]);
        var beside = CliRun.Of(["compress", SampleFiles.Model, "-o", Out, "--keep-macs", "0.6", "--trials", "2", "--statistics", Stats, .. common]);
        var alone = CliRun.Of(["compress", SampleFiles.Model, "-o", _folder.File("alone.onnx"), "--keep-macs", "0.6", "--trials", "2", .. common]);

        using var report = JsonDocument.Parse(calibrated.Output);
        Assert.Equal((0, 0, 0), (calibrated.Code, beside.Code, alone.Code));
        Assert.Equal(120, report.RootElement.GetProperty("samples").GetInt32());
        Assert.Equal(0.00392156862745098, report.RootElement.GetProperty("preprocessing").GetProperty("scale").GetDouble());
        Assert.DoesNotContain(DiagnosticCodes.SamplesRepeated, beside.Error, StringComparison.Ordinal);
        Assert.Contains("same decision", beside.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(_folder.File("alone.onnx")), File.ReadAllBytes(Out));
    }

    [Fact]
    public void Without_data_nothing_is_verified_and_that_is_said()
    {
        Calibrate();

        var run = CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--keep-macs", "0.6", "--statistics", Stats, "--report", _folder.File("r.json"));

        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("r.json")));
        Assert.Equal(0, run.Code);
        Assert.Contains("nothing was verified", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("same decision", run.Output, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("verification").ValueKind);
        Assert.Equal(JsonValueKind.Null, report.RootElement.GetProperty("sites")[0].GetProperty("measuredError").ValueKind);
    }

    [Fact]
    public void A_guard_without_samples_fails_before_the_work()
    {
        Calibrate();

        CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--keep-macs", "0.6", "--statistics", Stats, "--min-agreement", "0.9")
            .HasOneError(1, DiagnosticCodes.DataEmpty, "The guard has no samples");
    }

    [Fact]
    public void What_was_calibrated_on_is_left_out_of_the_proof()
    {
        Calibrate("--holdout", "0", "--samples", "100");

        var run = CliRun.Of(
            "compress", SampleFiles.Model, "-o", Out, "--keep-macs", "0.6", "--trials", "1", "--statistics", Stats, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale,
            "--holdout", "0.5");

        Assert.Equal(0, run.Code);
        var left = int.Parse(run.Error.Split("warning OCX3024: ")[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(left, 1, 100);
        Assert.Contains($"{left} of 500 held-out samples were calibrated on and are left out", run.Error, StringComparison.Ordinal);
        Assert.Contains($"on {500 - left} held-out samples", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Parts_are_merged()
    {
        CalibrateParts(2);

        var merged = CliRun.Of("merge", _folder.File("0.stats"), _folder.File("1.stats"), "-o", Stats);
        var twice = CliRun.Of("merge", _folder.File("0.stats"), Stats, "-o", _folder.File("twice.stats"), "--json");

        Assert.Equal((0, ""), (merged.Code, merged.Error));
        Assert.Contains("80 samples", merged.Output, StringComparison.Ordinal);
        Assert.Contains($"warning {DiagnosticCodes.SamplesRepeated}: 40 samples of", twice.Error, StringComparison.Ordinal);
        using var report = JsonDocument.Parse(twice.Output);
        Assert.Equal((120, 80), (report.RootElement.GetProperty("samples").GetInt32(), report.RootElement.GetProperty("distinctSamples").GetInt32()));
    }

    [Fact]
    public void Parts_in_any_order_give_the_same_file_and_a_model_in_8_bits_without_data()
    {
        CalibrateParts(3);

        var forward = CliRun.Of("merge", _folder.File("0.stats"), _folder.File("1.stats"), _folder.File("2.stats"), "-o", Stats);
        var backward = CliRun.Of("merge", _folder.File("2.stats"), _folder.File("0.stats"), _folder.File("1.stats"), "-o", _folder.File("back.stats"));
        var run = CliRun.Of(
            "compress", SampleFiles.Model, "-o", Out, "--statistics", Stats, "--methods", "none", "--precision", "int8", "--reconstruct", "local", "--report", _folder.File("r.json"));

        Assert.Equal((0, 0, 0), (forward.Code, backward.Code, run.Code));
        Assert.Contains("ranges of", forward.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Stats), File.ReadAllBytes(_folder.File("back.stats")));
        using var report = JsonDocument.Parse(File.ReadAllText(_folder.File("r.json")));
        Assert.All(report.RootElement.GetProperty("precision").GetProperty("layers").EnumerateArray(), layer => Assert.Equal("int8", layer.GetProperty("form").GetString()));
        Assert.Contains(report.RootElement.GetProperty("diagnostics").EnumerateArray(), d => d.GetProperty("code").GetString() == DiagnosticCodes.NumbersFromStatistics);
        Assert.True(new FileInfo(Out).Length < 0.4 * new FileInfo(SampleFiles.Model).Length);
    }

    [Fact]
    public void Statistics_of_another_model_are_refused()
    {
        Calibrate("--samples", "20");
        var bytes = File.ReadAllBytes(SampleFiles.Model);
        // The producer's name is no part of the network, but of the file.
        var other = _folder.Write("other.onnx", [.. bytes, 0x12, 1, (byte)'x']);

        CliRun.Of("compress", other, "-o", Out, "--keep-macs", "0.6", "--statistics", Stats)
            .HasOneError(1, DiagnosticCodes.StatisticsMismatch, "belongs to another model");
        Assert.Equal(0, CliRun.Of("calibrate", other, "-o", _folder.File("o.stats"), "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "20").Code);
        CliRun.Of("merge", Stats, _folder.File("o.stats"), "-o", _folder.File("sum.stats"))
            .HasOneError(1, DiagnosticCodes.StatisticsMismatch, "belongs to another model");
    }

    [Fact]
    public void A_file_that_is_no_statistics_is_refused() =>
        CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--keep-macs", "0.6", "--statistics", SampleFiles.Model)
            .HasOneError(1, DiagnosticCodes.StatisticsMalformed, "not a statistics file");

    [Theory]
    [InlineData(DiagnosticCodes.ArgumentMissing, "Data are missing", "calibrate", "m.onnx", "-o", "s.stats")]
    [InlineData(DiagnosticCodes.ArgumentMissing, "-o is missing", "merge", "a.stats")]
    [InlineData(DiagnosticCodes.OptionsConflict, "--shape stands in for data", "compress", "m.onnx", "-o", "o.onnx", "-d", "d.npy", "--shape", "x=1,3", "--keep-macs", "0.5")]
    [InlineData(
        DiagnosticCodes.OptionsConflict, "give -d PATH beside --statistics", "compress", "m.onnx", "-o", "o.onnx", "--statistics", "s", "--reconstruct", "sequential", "--keep-macs", "0.5")]
    public void What_does_not_go_together_is_said(string code, string part, params string[] args) => CliRun.Of(args).HasOneError(2, code, part);

    private void Calibrate(params string[] options)
    {
        var run = CliRun.Of(["calibrate", SampleFiles.Model, "-o", Stats, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, .. options]);

        Assert.Equal(0, run.Code);
        Assert.Contains("places of the model", run.Output, StringComparison.Ordinal);
    }

    private void CalibrateParts(int count)
    {
        foreach (var part in Enumerable.Range(0, count))
        {
            Assert.Equal(0, CliRun.Of("calibrate", SampleFiles.Model, "-o", _folder.File($"{part}.stats"), "-d", Part(part), "--scale", SampleFiles.Scale, "--holdout", "0").Code);
        }
    }

    // 40 samples of 28 x 28 bytes each, from different places of the file.
    private string Part(int part)
    {
        var pixels = File.ReadAllBytes(SampleFiles.Calibration)[^((part + 1) * 40 * 784)..][..(40 * 784)];
        return _folder.Write($"{part}.npy", NpyBytes.Of<byte>([40, 1, 28, 28], pixels));
    }
}
