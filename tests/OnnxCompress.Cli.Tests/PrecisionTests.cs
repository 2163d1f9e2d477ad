using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>8 bits on the command line, on the sample model.</summary>
public sealed class PrecisionTests : IDisposable
{
    private static readonly string[] Data = ["-d", SampleFiles.Calibration, "--scale", "0.00392156862745098", "--samples", "96"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_plan_says_which_numbers_layers_have_and_gives_the_same_bytes()
    {
        var (plan, applied, direct, report) = (_folder.File("plan.json"), _folder.File("applied.onnx"), _folder.File("direct.onnx"), _folder.File("report.json"));

        var run = CliRun.Of(["compress", SampleFiles.Model, "-o", direct, "--save-plan", plan, "--methods", "none", "--precision", "int8", "--report", report, .. Data]);
        Assert.Equal(0, run.Code);
        Assert.Equal(0, CliRun.Of(["apply", SampleFiles.Model, plan, "-o", applied, .. Data]).Code);

        Assert.Equal(File.ReadAllBytes(direct), File.ReadAllBytes(applied));
        using var document = JsonDocument.Parse(File.ReadAllText(plan));
        Assert.Equal("Int8", document.RootElement.GetProperty("precision").GetString());
        using var reported = JsonDocument.Parse(File.ReadAllText(report));
        var layers = reported.RootElement.GetProperty("precision").GetProperty("layers").EnumerateArray().ToArray();
        Assert.NotEmpty(layers);
        Assert.All(layers, layer => Assert.Equal("int8", layer.GetProperty("form").GetString()));
        Assert.InRange(reported.RootElement.GetProperty("precision").GetProperty("kernelDifference").GetDouble(), 0, 0.05);
        Assert.True(reported.RootElement.GetProperty("verification").GetProperty("agreement").GetDouble() > 0.98);
        Assert.True(new FileInfo(direct).Length < 0.5 * new FileInfo(SampleFiles.Model).Length);
        Assert.Equal(0, CliRun.Of("inspect", direct).Code);
    }

    [Fact]
    public void Other_numbers_are_refused_with_those_there_are()
    {
        CliRun.Of("compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), "--methods", "none", "--precision", "int4")
            .HasOneError(2, DiagnosticCodes.OptionInvalid, "float or int8");
    }

    [Fact]
    public void A_plan_and_another_word_on_numbers_are_refused()
    {
        var plan = _folder.File("plan.json");
        File.WriteAllText(plan, """{ "schema": 1, "model": "x", "sites": [] }""");

        CliRun.Of(["compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), "--plan", plan, "--precision", "int8", .. Data])
            .HasOneError(2, DiagnosticCodes.OptionsConflict, "--precision");
    }

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}
