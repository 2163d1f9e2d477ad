using System.Diagnostics;

namespace OnnxCompress.Cli.Tests;

/// <summary>The tool in a process of its own.</summary>
internal static class ToolProcess
{
    /// <summary>The tool's main file.</summary>
    public static string Tool => Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll");

    /// <summary>Arguments with which a result is not timed, which takes longer than all else with a small model.</summary>
    public static string[] Untimed => ["--target", "any"];

    /// <summary>Starts it.</summary>
    /// <param name="environment">Variables that are set for it.</param>
    /// <param name="args">Verb, arguments and options.</param>
    public static Process Start(IEnumerable<(string Name, string Value)> environment, params IEnumerable<string> args) => Start("dotnet", environment, [Tool, .. args]);

    /// <summary>Starts it after some words of bash.</summary>
    public static Process StartAfter(string words, IEnumerable<(string Name, string Value)> environment, params IEnumerable<string> args) =>
        Start("bash", environment, ["-c", $"{words} exec dotnet \"$@\"", "bash", Tool, .. args]);

    /// <summary>Waits for its end.</summary>
    public static CliRun End(Process process)
    {
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output.GetAwaiter().GetResult(), error);
    }

    private static Process Start(string program, IEnumerable<(string Name, string Value)> environment, IEnumerable<string> args)
    {
        var start = new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }
}
