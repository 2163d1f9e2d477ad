using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

public sealed class LowRankTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("plain", "none")]
    [InlineData("alds", "none")]
    [InlineData("spatial", "none")]
    [InlineData("input", "local")]
    [InlineData("tucker", "local")]
    [InlineData("response", "local")]
    public void Every_form_splits_layers_within_the_budget(string form, string reconstruction)
    {
        using var report = Compress("--methods", "svd", "--split", form, "--reconstruct", reconstruction);

        var root = report.RootElement;
        var sites = root.GetProperty("sites").EnumerateArray().ToArray();
        Assert.NotEmpty(sites);
        Assert.All(sites, site => Assert.Equal("svd", site.GetProperty("method").GetString()));
        // A layer that the form cannot be made of is split plainly.
        Assert.Contains(sites, site => site.GetProperty("split").GetString()!.StartsWith(form, StringComparison.Ordinal));
        Assert.All(sites, site => Assert.InRange(site.GetProperty("rank").GetInt32(), 1, 10_000));
        Assert.InRange(
            root.GetProperty("compressed").GetProperty("parameters").GetDouble(), 1, 0.8 * root.GetProperty("original").GetProperty("parameters").GetDouble());
        Assert.True(File.Exists(Out));
    }

    [Theory]
    [InlineData("none", "alds")]
    [InlineData("local", "response", "spatial")]
    public void Left_to_itself_the_tool_takes_forms_that_can_be_fitted_when_it_may(string reconstruction, params string[] forms)
    {
        using var report = Compress("--methods", "svd", "--reconstruct", reconstruction);

        Assert.All(
            report.RootElement.GetProperty("sites").EnumerateArray(),
            site => Assert.Contains(forms, form => site.GetProperty("split").GetString()!.StartsWith(form, StringComparison.Ordinal)));
    }

    [Fact]
    public void Svd_is_among_the_default_methods_so_that_its_option_needs_no_other()
    {
        using var report = Compress("--split", "plain", "--reconstruct", "none");

        Assert.Equal(JsonValueKind.Array, report.RootElement.GetProperty("sites").ValueKind);
    }

    [Fact]
    public void The_option_of_a_method_that_is_not_used_is_a_conflict() =>
        CliRun.Of("compress", "m.onnx", "-o", "o.onnx", "-d", "d.npy", "--keep-macs", "0.5", "--methods", "id", "--split", "plain")
            .HasOneError(2, DiagnosticCodes.OptionsConflict, "--split belongs to the method svd");

    [Theory]
    [InlineData("--split is 'cp'", "--split", "cp")]
    [InlineData("auto or response or plain or alds or input or tucker or spatial", "--split", "4")]
    [InlineData("none, local or sequential", "--reconstruct", "global")]
    [InlineData("--methods is 'SVD'", "--methods", "SVD")]
    public void A_word_that_is_none_of_them_is_named(string part, params string[] options) =>
        CliRun.Of(["compress", "m.onnx", "-o", "o.onnx", "-d", "d.npy", "--keep-macs", "0.5", .. options]).HasOneError(2, DiagnosticCodes.OptionInvalid, part);

    private JsonDocument Compress(params string[] options)
    {
        var run = CliRun.Of([
            "compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "64",
            "--keep-params", "0.8", "--min-agreement", "0", "--json", .. options]);
        TestContext.Current.TestOutputHelper?.WriteLine(run.Error);
        Assert.Equal(0, run.Code);
        return JsonDocument.Parse(run.Output);
    }
}
