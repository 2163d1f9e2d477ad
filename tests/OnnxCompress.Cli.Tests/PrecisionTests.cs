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
        CliRun.Of("compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), "--methods", "none", "--precision", "int3")
            .HasOneError(2, DiagnosticCodes.OptionInvalid, "float or int8 or int4 or float16 or auto");
    }

    [Theory]
    [InlineData("int4", "cpu", 0.45, null)]
    [InlineData("float16", "cpu", 0.7, null)]
    [InlineData("float16", "gpu", 0.7, "Gpu")]
    [InlineData("int8", "any", 0.5, "Any")]
    public void Each_form_is_planned_and_applied_to_the_same_bytes(string precision, string target, double most, string? noted)
    {
        var (plan, applied, direct, report) = (_folder.File("plan.json"), _folder.File("applied.onnx"), _folder.File("direct.onnx"), _folder.File("report.json"));

        Assert.Equal(0, CliRun.Of(["compress", SampleFiles.Model, "-o", direct, "--save-plan", plan, "--methods", "none", "--precision", precision, "--target", target, "--report", report, .. Data]).Code);
        Assert.Equal(0, CliRun.Of(["apply", SampleFiles.Model, plan, "-o", applied, .. Data]).Code);

        Assert.Equal(File.ReadAllBytes(direct), File.ReadAllBytes(applied));
        using var document = JsonDocument.Parse(File.ReadAllText(plan));
        Assert.Equal(precision, document.RootElement.GetProperty("precision").GetString(), ignoreCase: true);
        Assert.Equal(noted, document.RootElement.TryGetProperty("target", out var said) ? said.GetString() : null);
        using var reported = JsonDocument.Parse(File.ReadAllText(report));
        Assert.Equal(target, reported.RootElement.GetProperty("precision").GetProperty("target").GetString());
        Assert.True(reported.RootElement.GetProperty("verification").GetProperty("agreement").GetDouble() > 0.98);
        // Nothing is said of time where the model does not run here.
        Assert.Equal(target == "cpu", reported.RootElement.TryGetProperty("latency", out var latency) && latency.ValueKind != JsonValueKind.Null);
        Assert.InRange(new FileInfo(direct).Length, 1, most * new FileInfo(SampleFiles.Model).Length);
        if (precision == "int8")
        {
            Assert.Equal(7, reported.RootElement.GetProperty("precision").GetProperty("weightBits").GetInt32());
        }
    }

    [Theory]
    [InlineData("--precision int4 --target any --methods none", "int4")]
    [InlineData("--keep-latency 0.5 --target gpu", "--keep-latency")]
    [InlineData("--for latency --target any", "--for")]
    public void What_a_target_cannot_have_is_refused(string options, string named)
    {
        CliRun.Of(["compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), .. options.Split(' '), .. Data]).HasOneError(2, DiagnosticCodes.OptionsConflict, named);
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
