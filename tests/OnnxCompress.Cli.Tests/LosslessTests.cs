using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary><c>--methods none</c>: the model is rewritten, and nothing is removed.</summary>
public sealed class LosslessTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("same.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_is_removed_and_every_decision_stays()
    {
        var run = CliRun.Of(
            "compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--methods", "none", "--min-agreement", "0.99", "--json", "--threads", "1");

        Assert.True(run.Code == 0, run.Error);
        using var report = JsonDocument.Parse(run.Output);
        var root = report.RootElement;
        Assert.Equal(1, root.GetProperty("verification").GetProperty("agreement").GetDouble());
        Assert.InRange(root.GetProperty("verification").GetProperty("relativeError").GetDouble(), 0, 1e-4);
        Assert.Empty(root.GetProperty("sites").EnumerateArray());
        Assert.Equal(new FileInfo(Out).Length, root.GetProperty("compressed").GetProperty("bytes").GetInt64());
    }

    [Fact]
    public void It_needs_neither_data_nor_a_budget()
    {
        var run = CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--methods", "none", "--threads", "1");

        Assert.True(run.Code == 0, run.Error);
        Assert.True(File.Exists(Out));
    }

    [Fact]
    public void A_budget_beside_it_is_still_held()
    {
        var run = CliRun.Of("compress", SampleFiles.Model, "-o", Out, "--methods", "none", "--keep-params", "0.5", "--threads", "1");

        Assert.Equal(3, run.Code);
        Assert.Contains($"error {DiagnosticCodes.BudgetExceeded}", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out));
    }

    [Theory]
    [InlineData(DiagnosticCodes.OptionInvalid, "none, alone", "compress", "m.onnx", "-o", "o.onnx", "--methods", "none,id")]
    [InlineData(DiagnosticCodes.OptionsConflict, "--split", "compress", "m.onnx", "-o", "o.onnx", "--methods", "none", "--split", "plain")]
    [InlineData(DiagnosticCodes.OptionsConflict, "A plan says", "compress", "m.onnx", "-o", "o.onnx", "--methods", "none", "--plan", "p.json")]
    [InlineData(DiagnosticCodes.OptionsConflict, "use compress", "explore", "m.onnx", "-o", "o.html", "-d", "d.npy", "--methods", "none")]
    public void What_contradicts_it_is_named(string code, string part, params string[] line) => CliRun.Of(line).HasOneError(2, code, part);
}
