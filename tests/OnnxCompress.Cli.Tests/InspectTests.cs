using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests;

public sealed class InspectTests
{
    [Fact]
    public void The_sample_model_is_described_without_data()
    {
        var run = CliRun.Of("inspect", SampleFiles.Model);

        Assert.Equal((0, ""), (run.Code, run.Error));
        string[] parts = ["glyphs.onnx: opset 13", "inputs:  image: Float[batch,1,28,28]", "outputs: logits", " Conv, ", "Removing a channel takes it from", "OCX2001", "left alone, by reason"];
        Assert.All(parts, part => Assert.Contains(part, run.Output, StringComparison.Ordinal));
    }

    [Fact]
    public void Json_lists_groups_and_refusals()
    {
        var run = CliRun.Of("inspect", SampleFiles.Model, "--json");

        using var report = JsonDocument.Parse(run.Output);
        var root = report.RootElement;
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal(311_092, root.GetProperty("original").GetProperty("parameters").GetInt64());
        Assert.Equal(15_270_016, root.GetProperty("original").GetProperty("macs").GetInt64());
        Assert.NotEqual(0, root.GetProperty("groups").GetArrayLength());
        Assert.All(root.GetProperty("refused").EnumerateArray(), refusal => Assert.NotEqual("", refusal.GetProperty("reason").GetString()));
    }

    [Fact]
    public void Every_parameter_is_accounted_for()
    {
        var run = CliRun.Of("inspect", SampleFiles.Model, "--json");

        using var report = JsonDocument.Parse(run.Output);
        var account = report.RootElement.GetProperty("account");
        long Of(string part) => account.GetProperty(part).GetInt64();
        Assert.Equal(311_092, Of("total"));
        Assert.Equal(Of("total"), Of("inGroups") + Of("onlySplittable") + Of("quantised") + Of("refused") + Of("notWeights"));
        Assert.Equal(Of("refused") + Of("quantised"), report.RootElement.GetProperty("refused").EnumerateArray().Sum(r => r.GetProperty("parameters").GetInt64()));
    }

    [Theory]
    [InlineData("glyphs")]
    [InlineData("mobilenet_v2_imagenet.onnx")]
    [InlineData("sst2_encoder.onnx")]
    public void No_line_is_longer_than_120_characters(string name)
    {
        var run = CliRun.Of("inspect", name == "glyphs" ? SampleFiles.Model : SharedFiles.Model(name));

        Assert.Equal(0, run.Code);
        Assert.All(run.Output.Split(Environment.NewLine), line => Assert.True(line.Length <= 120, line));
        Assert.Contains("where the parameters are", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shape_is_for_an_input_that_is_there()
    {
        var run = CliRun.Of("inspect", SampleFiles.Model, "--shape", "imag=1,1,28,28");

        run.HasOneError(1, DiagnosticCodes.InputUnmatched, "'image'");
    }

    [Fact]
    public void Dynamic_sizes_are_assumed_and_said()
    {
        using var folder = new TemporaryFolder();
        var model = folder.Write("model.onnx", Picture().Bytes());

        var told = CliRun.Of("inspect", model);
        var given = CliRun.Of("inspect", model, "--shape", "x=1,3,8,8");

        Assert.Equal((0, ""), (told.Code, told.Error));
        Assert.Contains("assumed x=1,3,224,224; give --shape to say otherwise", told.Output.Split(Environment.NewLine));
        Assert.DoesNotContain("assumed", given.Output, StringComparison.Ordinal);
        Assert.Equal(["x=1,3,224,224"], Assumed("inspect", model, "--json"));
        Assert.Empty(Assumed("inspect", model, "--json", "--shape", "x=1,3,8,8"));
    }

    [Fact]
    public void A_size_that_cannot_be_guessed_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var model = new TestModel();
        model.Input("x", "N", "T");
        model.Output(model.MatMul("y", model.Node("Reshape", "row", ["x", model.Integers("shape", 11, 13)]), 13, 7), 11, 7);

        var run = CliRun.Of("inspect", folder.Write("model.onnx", model.Bytes()));

        run.HasOneError(1, DiagnosticCodes.DimensionUnknown, "does not run with x=1,16 or x=1,32", "--shape x=1,16");
    }

    private static string[] Assumed(params string[] args)
    {
        using var report = JsonDocument.Parse(CliRun.Of(args).Output);
        return [.. report.RootElement.GetProperty("assumed").EnumerateArray().Select(shape => shape.GetString()!)];
    }

    private static TestModel Picture()
    {
        var model = new TestModel();
        model.Input("x", "N", 3, "a", "b");
        return model.Output(model.Conv("second", model.Relu("r", model.Conv("first", "x", 3, 16)), 16, 2), "N", 2, "a", "b");
    }

    [Theory]
    [InlineData("squeezenet1.1_imagenet.onnx")]
    [InlineData("mobilenet_v2_imagenet.onnx")]
    [InlineData("mlperf_resnet8_cifar10.onnx")]
    [InlineData("sst2_encoder.onnx")]
    [InlineData("magika_v3_3.onnx")]
    public void Real_models_are_described(string name)
    {
        var run = CliRun.Of("inspect", SharedFiles.Model(name), "--json");

        Assert.Equal((0, ""), (run.Code, run.Error));
    }
}
