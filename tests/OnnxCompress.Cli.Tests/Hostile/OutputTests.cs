using System.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>What can happen to an output: a full disk, a folder that goes, a signal, other processes.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_full_disk_leaves_the_old_output_and_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A limit on file sizes stands in for a full disk.");
        File.WriteAllText(Out, "precious");
        var model = Model(1, 256);

        // The runtime's own memory is a file, too, unless it is told otherwise.
        // The result has hundreds of kilobytes, of which 64 can be written; the signal for it is ignored, so that writing fails.
        using var process = Start("bash", ["-c", "trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; ulimit -f 64; exec dotnet \"$@\"", "bash", Tool, .. Arguments(model, Out, "0.6")]);
        var (code, error) = End(process);

        Assert.True(code == 73, $"{code}: {error}");
        Assert.Contains("error OCX8004", error, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(Out));
        Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.tmp"));
    }

    [Fact]
    public void A_folder_that_goes_during_the_run_is_one_error()
    {
        var folder = Directory.CreateDirectory(_folder.File("going")).FullName;
        using var process = Start("dotnet", [Tool, .. Arguments(Model(1, 256), Path.Combine(folder, "out.onnx"), "0.6")]);
        // The output was checked when the first stage is announced.
        _ = process.StandardError.ReadLine();
        Directory.Delete(folder, recursive: true);

        var (code, error) = End(process);

        Assert.True(code == 73, $"{code}: {error}");
        Assert.Contains("error OCX8004", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void An_interrupt_ends_the_run_within_a_second()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        Assert.SkipWhen(Interrupts.AreIgnored(), Interrupts.IgnoredReason);
        using var process = Start("dotnet", [Tool, "compress", SampleFiles.Model, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "-o", Out]);
        _ = process.StandardError.ReadLine();
        Thread.Sleep(300);

        var time = Stopwatch.StartNew();
        using var kill = Process.Start("kill", ["-INT", $"{process.Id}"]);
        var (code, error) = End(process);

        Assert.True(code == 130, $"{code}: {error}");
        Assert.Contains("error OCX9015", error, StringComparison.Ordinal);
        Assert.True(time.Elapsed < TimeSpan.FromSeconds(3), $"It took {time.Elapsed}; a second was promised, and the machine may be busy.");
        Assert.False(File.Exists(Out));
        Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.tmp"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Four_processes_on_one_output_leave_one_whole_result(bool apart)
    {
        var model = Model(1, 256, apart);
        string[] shares = ["0.3", "0.4", "0.5", "0.6"];
        // One after the other first: these are the results that may be left.
        var expected = shares.ToDictionary(
            share =>
            {
                var path = _folder.File($"alone{share}.onnx");
                using var alone = Start("dotnet", [Tool, .. Arguments(model, path, share)]);
                var (code, error) = End(alone);
                Assert.True(code == 0, error);
                return Content(path);
            },
            share => share,
            StringComparer.Ordinal);

        var together = shares.Select(share => Start("dotnet", [Tool, .. Arguments(model, Out, share)])).ToArray();
        var ends = together.Select(End).ToArray();

        Assert.All(ends, end => Assert.True(end.Code == 0, end.Error));
        Assert.Contains(Content(Out), expected.Keys);
        Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.tmp"));
        Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.new*"));
        foreach (var process in together)
        {
            process.Dispose();
        }
    }

    [Fact]
    public void Four_processes_on_one_cache_leave_statistics_that_give_the_same_bytes()
    {
        var cache = _folder.File("cache");
        string[] Calibrated(string output) =>
        [
            Tool, "compress", SampleFiles.Model, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "-o", output, "--samples", "200",
            "--keep-params", "0.8", "--methods", "id", "--reconstruct", "none", "--min-agreement", "0", "--threads", "1", "--cache-dir", cache, .. ToolProcess.Untimed,
        ];

        var together = Enumerable.Range(0, 4).Select(i => Start("dotnet", Calibrated(_folder.File($"cached{i}.onnx")))).ToArray();
        var ends = together.Select(End).ToArray();
        using var after = Start("dotnet", Calibrated(Out));
        var (code, error) = End(after);

        Assert.All(ends.Append((code, error)), end => Assert.True(end.Item1 == 0, end.Item2));
        Assert.All(Enumerable.Range(0, 4), i => Assert.Equal(File.ReadAllBytes(Out), File.ReadAllBytes(_folder.File($"cached{i}.onnx"))));
        Assert.Single(Directory.GetFiles(cache, "statistics-*"));
        foreach (var process in together)
        {
            process.Dispose();
        }
    }

    private static string Tool => Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll");

    /// <summary>Weights of a model, wherever they lie: the names of side files differ.</summary>
    private static string Content(string path) => string.Join(
        ' ', OnnxModel.Load(path).Graph.Initializers.Values.Select(i => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(i.ReadBytes()))));

    private static string[] Arguments(string model, string output, string keep) =>
        ["compress", model, "-o", output, "--overwrite", "--keep-params", keep, "--methods", "id", "--trials", "1", "--reconstruct", "none", "--threads", "1", .. ToolProcess.Untimed];

    private static Process Start(string program, IEnumerable<string> args) =>
        Process.Start(new ProcessStartInfo(program, args) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static (int Code, string Error) End(Process process)
    {
        _ = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }

    private string Model(int seed, int width, bool apart = false)
    {
        var model = new TestModel(seed: seed);
        model.Input("x", "N", 32);
        model.Gemm("f3", model.Relu("r2", model.Gemm("f2", model.Relu("r1", model.Gemm("f1", "x", 32, width)), width, width)), width, 3);
        model.Output("f3", "N", 3);
        var path = _folder.File($"model{seed}.onnx");
        if (apart)
        {
            ModelWriter.SaveApart(model.Proto, t => t.RawData.Length > 1024, path);
        }
        else
        {
            File.WriteAllBytes(path, model.Bytes());
        }

        return path;
    }
}
