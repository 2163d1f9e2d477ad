using System.Diagnostics;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>Empty names, folders that are not meant, and streams that nobody reads.</summary>
public sealed class EnvironmentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--cache-dir", "")]
    [InlineData("--cache-dir", " ")]
    public void A_cache_without_a_name_is_a_wrong_option(string option, string value) =>
        CliRun.Of("compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), "--keep-macs", "0.5", option, value).HasOneError(2, DiagnosticCodes.OptionInvalid, option);

    [Theory]
    [InlineData("inspect", "")]
    [InlineData("compress", "", "-o", "OUT", "--keep-macs", "0.5")]
    [InlineData("compress", "MODEL", "-o", "", "--keep-macs", "0.5")]
    [InlineData("compress", "MODEL", "-o", "OUT", "--keep-macs", "0.5", "-d", "")]
    [InlineData("compress", "MODEL", "-o", "OUT", "--keep-macs", "0.5", "--report", "")]
    [InlineData("compress", "MODEL", "-o", "OUT", "--keep-macs", "0.5", "--save-plan", "")]
    [InlineData("compress", "MODEL", "-o", "OUT", "--keep-macs", "0.5", "--statistics", "")]
    [InlineData("compress", "MODEL", "-o", "OUT", "--plan", "")]
    [InlineData("apply", "MODEL", "", "-o", "OUT")]
    [InlineData("calibrate", "MODEL", "-d", "DATA", "-o", "")]
    [InlineData("merge", "", "-o", "OUT")]
    [InlineData("verify", "MODEL", "", "-d", "DATA")]
    [InlineData("verify", "MODEL", "MODEL", "-d", "DATA", "--labels", "")]
    [InlineData("explore", "MODEL", "-d", "DATA", "-o", "")]
    public void An_empty_name_is_one_error_and_no_defect(params string[] args)
    {
        var run = CliRun.Of([.. args.Select(arg => arg switch { "MODEL" => SampleFiles.Model, "OUT" => _folder.File("o"), "DATA" => SampleFiles.Calibration, _ => arg })]);

        Assert.True(run.Code is not (0 or 70), $"{run.Code}: {run.Error}");
        Assert.StartsWith("onnx-compress : error OCX", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void A_relative_cache_home_is_ignored()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || OperatingSystem.IsMacOS(), "Only the XDG specification knows the variable.");
        var home = Directory.CreateDirectory(_folder.File("home")).FullName;

        var run = Start(["calibrate", Small(), "-d", Vectors(), "-o", "o.stats"], start =>
        {
            start.Environment["XDG_CACHE_HOME"] = "relative";
            start.Environment["HOME"] = home;
        });
        var compressed = Start(["compress", Small(), "-d", Vectors(), "-o", "o.onnx", "--keep-macs", "0.6", "--force"], start =>
        {
            start.Environment["XDG_CACHE_HOME"] = "relative";
            start.Environment["HOME"] = home;
        });

        Assert.True(run.Code == 0, run.Error);
        Assert.True(compressed.Code == 0, compressed.Error);
        Assert.False(Directory.Exists(_folder.File("relative")));
        Assert.True(Directory.Exists(Path.Combine(home, ".cache", "onnx-compress")));
    }

    [Theory]
    [InlineData(">&-")]
    [InlineData("| true")]
    public void A_closed_standard_output_is_no_defect(string redirection)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The shell of the test is a POSIX one.");
        var (model, output) = (Small(), _folder.File("o.onnx"));
        var start = new ProcessStartInfo("bash") { WorkingDirectory = _folder.Root, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"set -o pipefail; dotnet \"$0\" \"$@\" {redirection}");
        foreach (var arg in (string[])[Tool, "compress", model, "-d", Vectors(), "-o", output, "--keep-macs", "0.6", "--force", "--quiet", "--cache-dir", "none"])
        {
            start.ArgumentList.Add(arg);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();

        // Who stops reading, as head does, has what it wanted; a stream that was never there is an error with a code.
        Assert.True(process.ExitCode == (redirection == ">&-" ? 73 : 0), $"{process.ExitCode}: {error}");
        Assert.Equal(redirection == ">&-", error.Contains(DiagnosticCodes.OutputStreamClosed, StringComparison.Ordinal));
        Assert.DoesNotContain(DiagnosticCodes.InternalError, error, StringComparison.Ordinal);
        Assert.Equal(0, CliRun.Of("inspect", output).Code);
    }

    [Fact]
    public void A_full_standard_output_is_an_error_of_its_own_and_talk_that_nobody_takes_is_dropped()
    {
        using var results = new StandardStream(() => new FullWriter(), isTalk: false);
        using var talk = new StandardStream(() => new FullWriter(), isTalk: true);

        talk.WriteLine("nobody hears this");
        talk.Write('x');
        var refused = Assert.Throws<OnnxCompressException>(() => results.WriteLine("result"));

        Assert.Equal(DiagnosticCodes.OutputStreamClosed, refused.Diagnostic.Code);
        Assert.Equal(ExitCodes.CannotWrite, ExitCodes.For(refused.Diagnostic.Code));
    }

    private static string Tool => Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll");

    private CliRun Start(string[] args, Action<ProcessStartInfo> prepare)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = _folder.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Tool);
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        prepare(start);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    private string Small()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Gemm("f2", model.Relu("r", model.Gemm("f1", "x", 6, 8)), 8, 3);
        return _folder.Write("small.onnx", model.Output("f2", "N", 3).Bytes());
    }

    private string Vectors() => _folder.Write("vectors.npy", NpyBytes.Of([40, 6], [.. Enumerable.Range(0, 240).Select(i => (float)Math.Sin(i * i))]));

    /// <summary>A device without room.</summary>
    private sealed class FullWriter : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Write(string? value) => throw new IOException("No space left on device");

        public override void WriteLine(string? value) => throw new IOException("No space left on device");
    }
}
