using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

public sealed class BadInputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_model() => Compress(_folder.File("absent.onnx"), SampleFiles.Calibration).HasOneError(1, DiagnosticCodes.ModelNotFound, "absent.onnx");

    [Fact]
    public void A_truncated_model()
    {
        var cut = _folder.Write("cut.onnx", File.ReadAllBytes(SampleFiles.Model)[..100_000]);

        Compress(cut, SampleFiles.Calibration).HasOneError(1, DiagnosticCodes.ModelMalformed, "cut.onnx");
    }

    [Fact]
    public void Missing_data() => Compress(SampleFiles.Model, _folder.File("absent.npy")).HasOneError(1, DiagnosticCodes.DataNotFound, "absent.npy");

    [Fact]
    public void Data_of_another_kind()
    {
        var text = _folder.Write("data.npy", "1,2,3\n4,5,6\n"u8.ToArray());

        Compress(SampleFiles.Model, text).HasOneError(1, DiagnosticCodes.DataMalformed, "data.npy");
    }

    [Fact]
    public void Data_of_another_shape()
    {
        var data = _folder.Write("data.npy", NpyBytes.Of([2, 3, 4, 4], new float[96]));

        Compress(SampleFiles.Model, data).HasOneError(1, DiagnosticCodes.DataShapeMismatch, "[2,3,4,4]", "Float[batch,1,28,28]");
    }

    [Fact]
    public void A_filter_without_a_size_and_one_that_is_none()
    {
        string[] given = ["compress", SampleFiles.Model, "-d", SampleFiles.Calibration, "-o", Out];

        CliRun.Of([.. given, "--resize-filter", "bicubic"]).HasOneError(2, DiagnosticCodes.OptionsConflict, "needs --resize");
        CliRun.Of([.. given, "--resize", "28", "--resize-filter", "nearest"]).HasOneError(2, DiagnosticCodes.OptionInvalid, "bilinear or bicubic or lanczos");
    }

    [Fact]
    public void Data_with_nan()
    {
        var values = new float[50 * 784];
        values[(17 * 784) + 5] = float.NaN;
        var data = _folder.Write("data.npy", NpyBytes.Of([50, 1, 28, 28], values));

        Compress(SampleFiles.Model, data).HasOneError(1, DiagnosticCodes.DataNotFinite, "sample 17");
    }

    [Fact]
    public void Labels_for_other_samples()
    {
        var labels = _folder.Write("labels.npy", NpyBytes.Of<long>([3], 1, 2, 3));

        var run = CliRun.Of("verify", SampleFiles.Model, SampleFiles.Model, "-d", SampleFiles.Test, "--scale", SampleFiles.Scale, "--labels", labels);

        run.HasOneError(1, DiagnosticCodes.LabelsMismatch, "3 labels");
    }

    [Fact]
    public void A_folder_as_output() => Compress(SampleFiles.Model, SampleFiles.Calibration, "-o", _folder.Root).HasOneError(73, DiagnosticCodes.OutputNotAFile, "folder");

    [Fact]
    public void An_output_in_a_folder_that_is_not_there() =>
        Compress(SampleFiles.Model, SampleFiles.Calibration, "-o", _folder.File("absent/out.onnx")).HasOneError(73, DiagnosticCodes.OutputNotAFile, "does not exist");

    [Fact]
    public void The_model_itself_as_output()
    {
        var model = _folder.Write("model.onnx", File.ReadAllBytes(SampleFiles.Model));

        Compress(model, SampleFiles.Calibration, "-o", Path.Combine(_folder.Root, ".", "model.onnx")).HasOneError(73, DiagnosticCodes.OutputIsModel, "--overwrite");

        Assert.Equal(File.ReadAllBytes(SampleFiles.Model), File.ReadAllBytes(model));
    }

    [Fact]
    public void A_link_to_the_model_as_output()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        var model = _folder.Write("model.onnx", File.ReadAllBytes(SampleFiles.Model));
        File.CreateSymbolicLink(_folder.File("link.onnx"), model);

        Compress(model, SampleFiles.Calibration, "-o", _folder.File("link.onnx")).HasOneError(73, DiagnosticCodes.OutputIsLink);
    }

    [Fact]
    public void An_existing_output()
    {
        File.WriteAllText(Out, "precious");

        Compress(SampleFiles.Model, SampleFiles.Calibration, "-o", Out).HasOneError(73, DiagnosticCodes.OutputExists, "--overwrite");

        Assert.Equal("precious", File.ReadAllText(Out));
    }

    [Fact]
    public void A_report_of_no_known_format() =>
        Compress(SampleFiles.Model, SampleFiles.Calibration, "-o", Out, "--report", _folder.File("r.txt")).HasOneError(2, DiagnosticCodes.ReportFormatUnknown);

    [Fact]
    public void A_report_in_place_of_the_output() =>
        Compress(SampleFiles.Model, SampleFiles.Calibration, "-o", _folder.File("o.json"), "--report", _folder.File("o.json")).HasOneError(2, DiagnosticCodes.OptionsConflict);

    [Fact]
    public void A_selector_that_matches_nothing() => Compress(SampleFiles.Model, SampleFiles.Calibration, "-o", Out, "--exclude", "staeg*")
        .HasOneError(1, DiagnosticCodes.SelectorMatchesNothing, "staeg*");

    private CliRun Compress(string model, string data, params string[] options)
    {
        string[] output = options.Contains("-o") ? [] : ["-o", Out];
        var run = CliRun.Of(["compress", model, "-d", data, "--keep-macs", "0.5", .. output, .. options]);
        Assert.Empty(Directory.EnumerateFiles(_folder.Root, "*.tmp"));
        Assert.True(!File.Exists(Out) || File.ReadAllText(Out) == "precious");
        return run;
    }
}
