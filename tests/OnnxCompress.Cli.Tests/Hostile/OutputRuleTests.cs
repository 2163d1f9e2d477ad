using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>What is never replaced, and what only with --overwrite; nothing is read before that is settled.</summary>
public sealed class OutputRuleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out.onnx");

    public void Dispose() => _folder.Dispose();

    /// <summary>Every option that names a file to write, with a name that suits it.</summary>
    public static TheoryData<string, string> Options => new()
    {
        { "-o", "there.onnx" },
        { "--report", "there.md" },
        { "--report", "there.json" },
        { "--save-plan", "there.json" },
    };

    [Theory]
    [MemberData(nameof(Options))]
    public void A_file_that_is_there_needs_overwrite(string option, string name)
    {
        File.WriteAllText(_folder.File(name), "precious");

        Compress(option, name).HasOneError(73, DiagnosticCodes.OutputExists, "--overwrite", name);
        var run = Compress(option, name, "--overwrite");

        Assert.Equal((0, ""), (run.Code, Warnings(run)));
        Assert.NotEqual("precious", File.ReadAllText(_folder.File(name)));
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void A_link_is_refused_and_its_target_stays(string option, string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        File.WriteAllText(_folder.File("target"), "precious");
        File.CreateSymbolicLink(_folder.File(name), _folder.File("target"));

        Compress(option, name, "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsLink, name);

        Assert.Equal("precious", File.ReadAllText(_folder.File("target")));
        Assert.Equal(_folder.File("target"), new FileInfo(_folder.File(name)).LinkTarget);
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void A_link_that_leads_nowhere_is_refused(string option, string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        File.CreateSymbolicLink(_folder.File(name), _folder.File("nowhere"));

        Compress(option, name, "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsLink, name);

        Assert.False(File.Exists(_folder.File("nowhere")));
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void A_fifo_and_a_socket_are_refused(string option, string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has neither in folders.");
        SpecialFiles.Fifo(_folder.File(name));

        Compress(option, name, "--overwrite").HasOneError(73, DiagnosticCodes.OutputNotAFile, name, "FIFO");

        File.Delete(_folder.File(name));
        using var socket = SpecialFiles.Socket(_folder.File(name));
        Compress(option, name, "--overwrite").HasOneError(73, DiagnosticCodes.OutputNotAFile, name, "socket");
    }

    [Theory]
    [MemberData(nameof(Options))]
    public void Data_of_the_run_are_no_output_under_any_name(string option, string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A second name is given with ln.");
        var data = _folder.Write("data.npy", File.ReadAllBytes(SampleFiles.Calibration));
        SpecialFiles.HardLink(data, _folder.File(name));

        Compress(option, name, "--overwrite", "-d", _folder.File("*.npy")).HasOneError(73, DiagnosticCodes.OutputIsInput, name, "data.npy");

        Assert.Equal(File.ReadAllBytes(SampleFiles.Calibration), File.ReadAllBytes(_folder.File(name)));
    }

    [Theory]
    [InlineData("--plan")]
    [InlineData("--statistics")]
    [InlineData("--verify-data")]
    [InlineData("--labels")]
    public void No_input_is_an_output(string input)
    {
        var path = _folder.Write("input.json", "{}"u8.ToArray());
        string[] more = input == "--labels" ? ["--verify-data", SampleFiles.Test] : [];
        // Plans are read with the command line; one that cannot be read is not replaced either.
        var code = input == "--plan" ? DiagnosticCodes.PlanUnreadable : DiagnosticCodes.OutputIsInput;

        CliRun.Of(["compress", Model(), "-o", Out, "--overwrite", "--report", path, input, path, .. input == "--plan" ? [] : new[] { "--keep-params", "0.6" }, .. more])
            .HasOneError(input == "--plan" ? 1 : 73, code, "input.json");

        Assert.Equal("{}", File.ReadAllText(path));
    }

    [Fact]
    public void A_plan_that_is_carried_out_is_not_replaced()
    {
        var plan = _folder.File("plan.json");
        Assert.Equal(0, CliRun.Of("plan", Model(), "-o", plan, "--keep-params", "0.6", "--methods", "coreset").Code);
        var text = File.ReadAllText(plan);

        CliRun.Of("compress", Model(), "-o", Out, "--plan", plan, "--save-plan", plan, "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsInput, "plan.json");
        CliRun.Of("apply", Model(), plan, "-o", plan, "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsInput, "plan.json");

        Assert.Equal(text, File.ReadAllText(plan));
    }

    [Fact]
    public void Only_a_model_takes_the_place_of_the_model()
    {
        var model = Model();
        var bytes = File.ReadAllBytes(model);

        CliRun.Of("plan", model, "-o", model, "--keep-params", "0.6", "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsInput, "model.onnx");
        CliRun.Of("calibrate", model, "-o", model, "-d", SampleFiles.Calibration, "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsInput, "model.onnx");
        CliRun.Of("explore", SampleFiles.Model, "-o", Renamed(SampleFiles.Calibration), "-d", Renamed(SampleFiles.Calibration), "--overwrite")
            .HasOneError(73, DiagnosticCodes.OutputIsInput, "data.html");
        CliRun.Of("merge", model, "-o", model, "--overwrite").HasOneError(73, DiagnosticCodes.OutputIsInput, "model.onnx");
        Assert.Equal(bytes, File.ReadAllBytes(model));

        Assert.Equal(0, CliRun.Of("compress", model, "-o", model, "--keep-params", "0.6", "--overwrite").Code);
        Assert.True(File.ReadAllBytes(model).Length < bytes.Length);
    }

    [Fact]
    public void A_side_file_of_the_model_is_no_output()
    {
        var model = Model(apart: true);
        // The side file of the result would be that of the model, which has another name.
        File.Move(model, _folder.File("other.onnx"));
        var side = File.ReadAllBytes(model + ".data");

        CliRun.Of("compress", _folder.File("other.onnx"), "-o", model, "--keep-params", "0.6", "--overwrite")
            .HasOneError(73, DiagnosticCodes.OutputIsInput, "model.onnx.data");
        CliRun.Of("compress", _folder.File("other.onnx"), "-o", model + ".data", "--keep-params", "0.6", "--overwrite")
            .HasOneError(73, DiagnosticCodes.OutputIsInput, "model.onnx.data");

        Assert.Equal(side, File.ReadAllBytes(model + ".data"));
    }

    [Fact]
    public void A_side_file_that_is_there_needs_overwrite()
    {
        File.WriteAllText(Out + ".data", "precious");

        CliRun.Of("compress", Model(apart: true), "-o", Out, "--keep-params", "0.6").HasOneError(73, DiagnosticCodes.OutputExists, "out.onnx.data");

        Assert.Equal("precious", File.ReadAllText(Out + ".data"));
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void A_model_and_its_side_file_are_replaced_in_their_place()
    {
        var model = Model(apart: true);
        var size = new FileInfo(model + ".data").Length;

        var run = CliRun.Of("compress", model, "-o", model, "--keep-params", "0.6", "--overwrite");

        Assert.True(run.Code == 0, run.Error);
        Assert.True(new FileInfo(model + ".data").Length < size);
        Assert.Equal(["f1", "f2", "f3"], OnnxModel.Load(model).Graph.Nodes.Where(n => n.OpType == "Gemm").Select(n => n.Name));
    }

    [Fact]
    public void Two_outputs_are_two_files()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A second name is given with ln.");
        Directory.CreateDirectory(_folder.File("folder"));
        Directory.CreateSymbolicLink(_folder.File("again"), _folder.File("folder"));
        File.WriteAllText(_folder.File("a.md"), "a");
        SpecialFiles.HardLink(_folder.File("a.md"), _folder.File("b.md"));

        Outputs("r.json", "r.json").HasOneError(2, DiagnosticCodes.OptionsConflict, "r.json");
        Outputs("folder/r.json", "again/r.json").HasOneError(2, DiagnosticCodes.OptionsConflict, "r.json");
        Outputs("a.md", "b.md").HasOneError(2, DiagnosticCodes.OptionsConflict, "b.md");
    }

    private CliRun Outputs(string first, string second) => CliRun.Of(
        "compress", Model(), "-o", Out, "--keep-params", "0.6", "--report", _folder.File(first), "--report", _folder.File(second), "--overwrite");

    private static string Warnings(CliRun run) => string.Join('\n', run.Error.Split('\n').Where(line => line.Contains("error OCX", StringComparison.Ordinal)));

    private CliRun Compress(string option, string name, params string[] more) => CliRun.Of(
        ["compress", Model(), .. option == "-o" ? [] : new[] { "-o", Out }, option, _folder.File(name), "--keep-params", "0.6", "--threads", "1", .. more]);

    private string Renamed(string data)
    {
        var path = _folder.File("data.html");
        if (!File.Exists(path))
        {
            File.Copy(data, path);
        }

        return path;
    }

    private string Model(bool apart = false)
    {
        var path = _folder.File("model.onnx");
        if (!File.Exists(path))
        {
            var model = new TestModel(seed: 1);
            model.Input("x", "N", 32);
            model.Gemm("f3", model.Relu("r2", model.Gemm("f2", model.Relu("r1", model.Gemm("f1", "x", 32, 96)), 96, 96)), 96, 3);
            model.Output("f3", "N", 3);
            if (apart)
            {
                ModelWriter.SaveApart(model.Proto, t => t.RawData.Length > 1024, path);
            }
            else
            {
                File.WriteAllBytes(path, model.Bytes());
            }
        }

        return path;
    }
}
