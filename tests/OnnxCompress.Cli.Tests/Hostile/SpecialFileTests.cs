using System.Diagnostics;
using System.Net.Sockets;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>Inputs that are no files, lead in circles or have no end: one error each, before anything waits or fills memory.</summary>
public sealed class SpecialFileTests : IDisposable
{
    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();

    public SpecialFileTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Pipes and sockets have no names among files on Windows.");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("model.onnx")]
    [InlineData("data.npy")]
    [InlineData("data.npz")]
    [InlineData("data.pb")]
    [InlineData("data.csv")]
    [InlineData("data.jsonl")]
    [InlineData("data.png")]
    [InlineData("plan.json")]
    [InlineData("model.stats")]
    [InlineData("labels.npy")]
    public async Task A_pipe_or_a_socket_is_one_error(string name)
    {
        foreach (var make in (Func<string, IDisposable?>[])[Pipe, Socket])
        {
            using var open = make(_folder.File(name));

            var run = await Run(Command(name, _folder.File(name)));

            run.HasOneError(1, DiagnosticCodes.InputNotAFile, name);
            Assert.False(File.Exists(_folder.File("out.onnx")));
            File.Delete(_folder.File(name));
        }
    }

    [Fact]
    public async Task A_pipe_behind_a_link_is_one_error()
    {
        _ = Pipe(_folder.File("pipe"));
        File.CreateSymbolicLink(_folder.File("data.npy"), _folder.File("pipe"));

        (await Run(Command("data.npy", _folder.File("data.npy")))).HasOneError(1, DiagnosticCodes.InputNotAFile);
    }

    [Theory]
    [InlineData("model.onnx", DiagnosticCodes.ModelNotFound)]
    [InlineData("data.npy", DiagnosticCodes.DataNotFound)]
    [InlineData("data.csv", DiagnosticCodes.DataNotFound)]
    [InlineData("plan.json", DiagnosticCodes.PlanUnreadable)]
    [InlineData("model.stats", DiagnosticCodes.DataNotFound)]
    public async Task A_link_to_itself_is_one_error(string name, string code)
    {
        File.CreateSymbolicLink(_folder.File(name), _folder.File(name));

        (await Run(Command(name, _folder.File(name)))).HasOneError(1, code, name);
    }

    [Fact]
    public async Task A_folder_whose_links_lead_back_is_read_once()
    {
        var pictures = Circles();

        var run = await Run("calibrate", SampleFiles.Model, "-d", pictures, "-o", _folder.File("o.stats"), "--json");

        Assert.True(run.Code == 0, run.Error);
        Assert.Contains("\"samples\": 4,", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("line.csv", "1,")]
    [InlineData("line.jsonl", "[1],")]
    [InlineData("blank.csv", "    ")]
    public async Task A_line_of_40_megabytes_is_refused_before_it_is_read(string name, string piece)
    {
        Repeat(name, piece);
        var allocated = GC.GetTotalAllocatedBytes();
        var run = await Run(Command(name, _folder.File(name)));

        run.HasOneError(1, DiagnosticCodes.DataMalformed, "line 1");
        Assert.True(GC.GetTotalAllocatedBytes() - allocated < 100 << 20, $"{GC.GetTotalAllocatedBytes() - allocated} bytes were allocated.");
    }

    [Fact]
    public async Task A_plan_without_end_is_one_error()
    {
        using (var file = File.Create(_folder.File("plan.json")))
        {
            file.SetLength(40 << 20);
        }

        (await Run(Command("plan.json", _folder.File("plan.json")))).HasOneError(1, DiagnosticCodes.PlanUnreadable, "at most");
    }

    private string Circles()
    {
        var pictures = _folder.File("pictures");
        for (var i = 0; i < 4; i++)
        {
            Directory.CreateDirectory(Path.Combine(pictures, $"class{i}"));
            // Each way of 32 steps through these would be a place of its own: 8 to the power of 32 of them.
            Directory.CreateSymbolicLink(Path.Combine(pictures, $"class{i}", "up"), pictures);
            Directory.CreateSymbolicLink(Path.Combine(pictures, $"class{i}", "here"), Path.Combine(pictures, $"class{i}"));
            File.WriteAllBytes(
                Path.Combine(pictures, $"class{i}", "a.png"), PngBytes.Assemble(PngBytes.Header(28, 28, 8, 0, false), null, PngBytes.Deflate(new byte[28 * 29])));
        }

        return pictures;
    }

    private void Repeat(string name, string piece)
    {
        using var file = File.CreateText(_folder.File(name));
        for (var i = 0; i < (40 << 20) / piece.Length; i++)
        {
            file.Write(piece);
        }
    }

    private string[] Command(string name, string path)
    {
        var output = _folder.File("out.onnx");
        return name switch
        {
            "model.onnx" => ["compress", path, "-o", output, "--keep-macs", "0.5"],
            "plan.json" => ["apply", Small(), path, "-o", output, "-d", Vectors()],
            "model.stats" => ["compress", Small(), "--statistics", path, "-o", output, "--keep-macs", "0.5"],
            "labels.npy" => ["verify", Small(), Small(), "-d", Vectors(), "--labels", path],
            _ => ["compress", SampleFiles.Model, "-d", path, "-o", output, "--keep-macs", "0.5"],
        };
    }

    private string Small()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Gemm("f2", model.Relu("r", model.Gemm("f1", "x", 6, 8)), 8, 3);
        return _folder.Write("small.onnx", model.Output("f2", "N", 3).Bytes());
    }

    private string Vectors() => _folder.Write("vectors.npy", NpyBytes.Of([40, 6], [.. Enumerable.Range(0, 240).Select(i => (float)Math.Sin(i))]));

    /// <summary>A run that waits for a writer that never comes fails the test instead of holding it up.</summary>
    private static Task<CliRun> Run(params string[] args) =>
        Task.Run(() => CliRun.Of(CancellationToken.None, args), CancellationToken.None).WaitAsync(LongestTime, TestContext.Current.CancellationToken);

    private static IDisposable? Pipe(string path)
    {
        using var process = Process.Start(new ProcessStartInfo("mkfifo") { ArgumentList = { path } })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return null;
    }

    private static Socket Socket(string path)
    {
        // Its name goes when it is closed.
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        return socket;
    }
}
