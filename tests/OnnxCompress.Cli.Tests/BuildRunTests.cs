using System.Diagnostics;
using System.IO.Pipes;
using System.Text;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>Runs that a build started hold their folder, and end with their build; others do neither.</summary>
public sealed class BuildRunTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_run_that_is_not_the_current_one_does_not_begin()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("run", "run2\n"u8.ToArray());
        using var stop = new CancellationTokenSource();
        using var input = new Build("run1");

        Assert.Throws<OperationCanceledException>(() => BuildRun.Begin(file, input.Reader, TextWriter.Null, stop));
    }

    [Fact]
    public void A_run_without_a_build_does_not_begin()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();

        Assert.Throws<OperationCanceledException>(() => BuildRun.Begin(folder.Write("run", "run1\n"u8.ToArray()), Stream.Null, TextWriter.Null, stop));
        Assert.Throws<OperationCanceledException>(() => BuildRun.Begin(folder.File("run"), new MemoryStream("run1"u8.ToArray()), TextWriter.Null, stop));
    }

    [Fact]
    public void A_run_stops_when_its_build_is_gone()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        using var build = new Build("run1");
        using var run = BuildRun.Begin(folder.Write("run", "run1\n"u8.ToArray()), build.Reader, TextWriter.Null, stop);
        Assert.False(stop.IsCancellationRequested);

        build.Die();

        Assert.True(stop.Token.WaitHandle.WaitOne(Longest));
    }

    [Fact]
    public void A_second_run_waits_for_the_first_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("run", "run1\n"u8.ToArray());
        using var stop = new CancellationTokenSource();
        using var first = new Build("run1");
        using var second = new Build("run1");
        using var said = new StringWriter();
        var run = BuildRun.Begin(file, first.Reader, TextWriter.Null, stop);

        var waiting = Task.Run(() => BuildRun.Begin(file, second.Reader, said, stop), TestContext.Current.CancellationToken);
        Assert.True(SpinWait.SpinUntil(() => said.ToString().Length > 0, Longest));
        Assert.False(waiting.IsCompleted);
        run.Dispose();

#pragma warning disable xUnit1031 // Bounded.
        Assert.True(waiting.Wait(Longest, TestContext.Current.CancellationToken));
        waiting.Result.Dispose();
#pragma warning restore xUnit1031
    }

    [Fact]
    public void A_run_file_that_is_gone_is_an_error()
    {
        using var folder = new TemporaryFolder();
        using var stop = new CancellationTokenSource();
        using var build = new Build("run1");

        var refused = Assert.Throws<OnnxCompressException>(() => BuildRun.Begin(folder.File("absent/run"), build.Reader, TextWriter.Null, stop));

        Assert.Equal(DiagnosticCodes.CannotWrite, refused.Diagnostic.Code);
    }

    [Fact]
    public void The_process_ends_with_130_and_writes_nothing_when_its_input_closes()
    {
        using var folder = new TemporaryFolder();
        folder.Write("run", "run1\n"u8.ToArray());
        using var tool = Start(folder, "--build-run", folder.File("run"));
        tool.StandardInput.Write("run1\n");
        tool.StandardInput.Flush();
        Assert.True(SpinWait.SpinUntil(() => IsHeld(folder.File("run")), Longest));

        tool.StandardInput.Close();

        Assert.True(tool.WaitForExit(Longest));
        Assert.Equal(130, tool.ExitCode);
        Assert.Equal([folder.File("run")], Directory.GetFileSystemEntries(folder.Root));
    }

    [Fact]
    public void A_run_by_hand_does_not_look_at_its_input()
    {
        using var folder = new TemporaryFolder();
        using var tool = Start(folder, "--trials", "1", "--reconstruct", "none", "--methods", "id", "--samples", "64");

        tool.StandardInput.Close();

        Assert.True(tool.WaitForExit(Longest));
        Assert.Equal(0, tool.ExitCode);
        Assert.True(File.Exists(folder.File("o.onnx")));
    }

    private static Process Start(TemporaryFolder folder, params string[] more)
    {
        var tool = Process.Start(new ProcessStartInfo(
            "dotnet",
            [
                Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll"), "compress", SampleFiles.Model, "-o", folder.File("o.onnx"), "-d", SampleFiles.Calibration,
                "--scale", SampleFiles.Scale, "--keep-macs", "0.7", "--quiet", "--cache-dir", "none", .. more,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        tool.OutputDataReceived += (_, _) => { };
        tool.ErrorDataReceived += (_, _) => { };
        tool.BeginOutputReadLine();
        tool.BeginErrorReadLine();
        return tool;
    }

    private static bool IsHeld(string path)
    {
        try
        {
            using var free = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>The build's end of the pipe.</summary>
    private sealed class Build : IDisposable
    {
        private readonly AnonymousPipeServerStream _writer = new(PipeDirection.Out);

        public Build(string name)
        {
            Reader = new AnonymousPipeClientStream(PipeDirection.In, _writer.ClientSafePipeHandle);
            _writer.Write(Encoding.ASCII.GetBytes(name + "\n"));
        }

        public AnonymousPipeClientStream Reader { get; }

        public void Die() => _writer.Dispose();

        public void Dispose()
        {
            _writer.Dispose();
            Reader.Dispose();
        }
    }
}
