using System.Diagnostics;
using System.Text;

namespace OnnxCompress.Tool.Tests.Packages;

/// <summary>A run of <c>dotnet</c> as a user starts it.</summary>
internal sealed class DotNet : IDisposable
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private DotNet(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The process.</summary>
    public int Id => _process.Id;

    /// <summary>What was printed until now.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Starts dotnet.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="packages">The folder of restored packages; null for the user's own.</param>
    /// <param name="args">Arguments.</param>
    public static DotNet Start(string folder, string? packages, params IReadOnlyList<string> args) => Start(folder, packages, [], args);

    /// <summary>Starts dotnet.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="packages">The folder of restored packages; null for the user's own.</param>
    /// <param name="environment">Variables beside those that every test has.</param>
    /// <param name="args">Arguments.</param>
    public static DotNet Start(string folder, string? packages, (string Name, string Value)[] environment, IReadOnlyList<string> args) =>
        Start(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet", folder, packages, environment, args);

    /// <summary>Starts a line of a shell that calls dotnet.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="packages">The folder of restored packages.</param>
    /// <param name="environment">Variables beside those that every test has.</param>
    /// <param name="command">The line.</param>
    public static DotNet StartShell(string folder, string packages, (string Name, string Value)[] environment, string command) =>
        Start("bash", folder, packages, environment, ["-c", command]);

    private static DotNet Start(string program, string folder, string? packages, (string Name, string Value)[] environment, IReadOnlyList<string> args)
    {
        var start = new ProcessStartInfo(program, args)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What the test run's own build says must not reach the builds of the tests.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("TESTINGPLATFORM", StringComparison.OrdinalIgnoreCase)).ToArray())
        {
            start.Environment.Remove(name);
        }

        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        // As users have it: without the compiler's server each of some hundred builds loads a compiler of its own, for half of its time.
        start.Environment["UseSharedCompilation"] = "true";
        if (packages is not null)
        {
            start.Environment["NUGET_PACKAGES"] = packages;

            // dotnet remembers there where a tool of this name and version was unpacked by an earlier run.
            start.Environment["DOTNET_CLI_HOME"] = packages + "-home";
            start.Environment["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "false";
            start.Environment["DOTNET_NOLOGO"] = "1";
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new(start);
    }

    /// <summary>Waits for the end.</summary>
    public (int Code, string Output) Wait()
    {
        if (!_process.WaitForExit(Longest))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet did not end within {Longest}: {Output}");
        }

        _process.WaitForExit();
        return (_process.ExitCode, Output);
    }

    /// <inheritdoc />
    public void Dispose() => _process.Dispose();

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
