using System.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>The tool as users start it: a process of its own.</summary>
public sealed class ProcessTests
{
    [Fact]
    public void Results_and_talk_go_to_their_streams()
    {
        using var folder = new TemporaryFolder();

        var run = Start("compress", SampleFiles.Model, "-o", folder.File("o.onnx"), "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--keep-macs", "0.7", "--trials", "1", "--reconstruct", "none");

        Assert.Equal(0, run.Code);
        Assert.Contains("same decision", run.Output, StringComparison.Ordinal);
        Assert.Contains("calibrate: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Output + run.Error);
    }

    [Fact]
    public void A_wrong_option_is_one_line_and_code_two() => Start("inspect", "m.onnx", "--jsn").HasOneError(2, "OCX9010", "--json");

    [Fact]
    public void A_missing_model_is_one_line_and_code_one() => Start("inspect", "absent.onnx").HasOneError(1, "OCX1001", "absent.onnx");

    private static CliRun Start(params string[] args)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll"));
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
