using System.Diagnostics;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>All files of a run appear together, or everything stays as it was; also when a target changes during the run.</summary>
public sealed class OutputTogetherTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_is_replaced_when_a_report_cannot_be_written()
    {
        var reports = Directory.CreateDirectory(_folder.File("reports")).FullName;

        var run = During(() => Directory.Delete(reports), "--report", _folder.File("r.json"), "--report", Path.Combine(reports, "r.md"));

        Stays(run, "r.json", "plan.json");
    }

    [Theory]
    [InlineData("r.json")]
    [InlineData("plan.json")]
    [InlineData("out.onnx")]
    public void Nothing_is_replaced_when_a_folder_takes_the_place_of_an_output(string name)
    {
        var run = During(
            () =>
            {
                File.Delete(_folder.File(name));
                Directory.CreateDirectory(_folder.File(name));
            },
            "--report", _folder.File("r.json"));

        Stays(run, [.. new[] { "r.json", "plan.json", "out.onnx" }.Where(other => other != name)]);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.File(name)));
    }

    [Fact]
    public void A_fifo_that_takes_the_place_of_an_output_is_not_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no FIFOs in folders.");

        var run = During(
            () =>
            {
                File.Delete(_folder.File("out.onnx"));
                SpecialFiles.Fifo(_folder.File("out.onnx"));
            },
            "--report", _folder.File("r.json"));

        Stays(run, "r.json", "plan.json");
        using var test = Process.Start("test", ["-p", _folder.File("out.onnx")]);
        test.WaitForExit();
        Assert.Equal(0, test.ExitCode);
    }

    [Fact]
    public void A_link_that_takes_the_place_of_an_explored_report_is_not_followed()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        File.WriteAllText(_folder.File("target"), "precious");
        using var process = ToolProcess.Start(
            [], "explore", SampleFiles.Model, "-o", _folder.File("f.html"), "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "64", "--reconstruct", "none", "--methods", "id", "--precision", "float");
        _ = process.StandardError.ReadLine();
        File.CreateSymbolicLink(_folder.File("f.html"), _folder.File("target"));

        var run = ToolProcess.End(process);

        Assert.True(run.Code == 73, run.Error);
        Assert.Contains($"error {DiagnosticCodes.CannotWrite}", run.Error, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(_folder.File("target")));
    }

    /// <summary>A run over files that are there already; something happens once the work has begun.</summary>
    private CliRun During(Action meanwhile, params string[] reports)
    {
        foreach (var name in (string[])["r.json", "plan.json", "out.onnx"])
        {
            File.WriteAllText(_folder.File(name), "precious");
        }

        using var process = ToolProcess.Start(
            [],
            ["compress", SampleFiles.Model, "-o", _folder.File("out.onnx"), "--overwrite", "--save-plan", _folder.File("plan.json"), "-d", SampleFiles.Calibration,
                "--scale", SampleFiles.Scale, "--keep-params", "0.8", "--samples", "64", "--methods", "id", "--reconstruct", "none", .. reports]);
        // The outputs were checked when the first stage is announced.
        _ = process.StandardError.ReadLine();
        meanwhile();
        return ToolProcess.End(process);
    }

    private void Stays(CliRun run, params string[] names)
    {
        Assert.True(run.Code == 73, $"{run.Code}: {run.Error}");
        Assert.Contains($"error {DiagnosticCodes.CannotWrite}", run.Error, StringComparison.Ordinal);
        Assert.All(names, name => Assert.Equal("precious", File.ReadAllText(_folder.File(name))));
        Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.tmp"));
    }
}
