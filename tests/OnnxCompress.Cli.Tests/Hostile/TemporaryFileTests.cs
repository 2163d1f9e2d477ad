using System.Diagnostics;
using System.IO.Compression;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>Copies of the user's data in the temporary folder: for the user alone, and gone in the end.</summary>
public sealed class TemporaryFileTests : IDisposable
{
    private const int HangUp = 1;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_temporary_folder_that_is_missing_has_its_code()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "TMPDIR is the name on Unix.");
        using var archive = ToolProcess.Start([("TMPDIR", _folder.File("absent"))], Arguments(Archive()));
        using var spill = ToolProcess.Start([("TMPDIR", _folder.File("absent"))], [.. Arguments(SampleFiles.Calibration, "sequential"), "--memory", "1K"]);

        Assert.All([ToolProcess.End(archive), ToolProcess.End(spill)], run =>
        {
            Assert.True(run.Code == 1, $"{run.Code}: {run.Error}");
            Assert.Contains($"error {DiagnosticCodes.TemporaryFolderUnusable}", run.Error, StringComparison.Ordinal);
            Assert.Contains("TMPDIR", run.Error, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_temporary_folder_that_is_full_has_its_code()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A limit on file sizes stands in for a full disk.");
        var temporary = Directory.CreateDirectory(_folder.File("tmp")).FullName;
        // The signal for it is ignored, so that writing fails; the runtime's own memory is a file, too, unless it is told otherwise.
        const string Full = "trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 8;";
        using var archive = ToolProcess.StartAfter(Full, [("TMPDIR", temporary)], Arguments(Archive()));
        var read = ToolProcess.End(archive);
        using var spill = ToolProcess.StartAfter(Full, [("TMPDIR", temporary)], [.. Arguments(SampleFiles.Calibration, "sequential"), "--memory", "1K"]);
        var spilt = ToolProcess.End(spill);

        Assert.All([read, spilt], run =>
        {
            Assert.True(run.Code == 1, $"{run.Code}: {run.Error}");
            Assert.Contains($"error {DiagnosticCodes.TemporaryFolderUnusable}", run.Error, StringComparison.Ordinal);
        });
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary, "onnx-compress*"));
    }

    [Fact]
    public void What_a_killed_run_leaves_is_private_and_goes_with_the_next_run()
    {
        var temporary = Directory.CreateDirectory(_folder.File("tmp")).FullName;
        using var killed = ToolProcess.Start([("TMPDIR", temporary)], Arguments(Archive()));
        var left = RunFolder(killed, temporary);

        killed.Kill();
        _ = ToolProcess.End(killed);
        Assert.True(Directory.Exists(left));
        // Only now: while it lives, a run takes files away between two looks.
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(left));
            foreach (var file in Directory.EnumerateFiles(left))
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            }
        }

        using var next = ToolProcess.Start([("TMPDIR", temporary)], [.. Arguments(Archive()), "--overwrite"]);
        var run = ToolProcess.End(next);

        Assert.True(run.Code == 0, run.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary, "onnx-compress*"));
    }

    [Fact]
    public void A_hang_up_cleans_up_as_a_termination_does()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        Assert.SkipWhen(Interrupts.AreIgnored(HangUp), "The tests were started under nohup, and every child inherits that.");
        var temporary = Directory.CreateDirectory(_folder.File("tmp")).FullName;
        using var process = ToolProcess.Start([("TMPDIR", temporary)], Arguments(Archive()));
        _ = RunFolder(process, temporary);

        using var kill = Process.Start("kill", ["-HUP", $"{process.Id}"]);
        var run = ToolProcess.End(process);

        Assert.True(run.Code == 130, $"{run.Code}: {run.Error}");
        Assert.Contains($"error {DiagnosticCodes.Cancelled}", run.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(temporary, "onnx-compress*"));
    }

    [Fact]
    public void Under_nohup_a_run_survives_a_hang_up()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        var temporary = Directory.CreateDirectory(_folder.File("tmp")).FullName;
        using var process = ToolProcess.StartAfter("trap '' HUP;", [("TMPDIR", temporary)], Arguments(Archive()));
        _ = RunFolder(process, temporary);

        using var kill = Process.Start("kill", ["-HUP", $"{process.Id}"]);
        var run = ToolProcess.End(process);

        Assert.True(run.Code == 0, $"{run.Code}: {run.Error}");
    }

    /// <summary>Waits for the folder of a run.</summary>
    private static string RunFolder(Process process, string temporary)
    {
        while (!process.HasExited)
        {
            if (Directory.EnumerateDirectories(temporary, "onnx-compress-run-*").FirstOrDefault() is { } folder && File.Exists(Path.Combine(folder, "lock")))
            {
                return folder;
            }

            Thread.Sleep(5);
        }

        throw new InvalidOperationException($"The run ended with {process.ExitCode} and no folder was seen.");
    }

    private string[] Arguments(string data, string reconstruct = "local") =>
    [
        "compress", SampleFiles.Model, "-o", _folder.File("out.onnx"), "-d", data, "--scale", SampleFiles.Scale, "--keep-params", "0.8", "--samples", "64", "--methods", "id",
        "--reconstruct", reconstruct, "--cache-dir", "none", "--trials", "1", .. ToolProcess.Untimed,
    ];

    private string Archive()
    {
        var path = _folder.File("data.npz");
        return File.Exists(path) ? path : _folder.Write("data.npz", NpyBytes.Archive(CompressionLevel.Fastest, ("image", File.ReadAllBytes(SampleFiles.Calibration))));
    }
}
