using Google.Protobuf;
using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Cli.Tests.Hostile;

/// <summary>Models that are no errors: what cannot be compressed is named, the rest becomes smaller.</summary>
public sealed class UnusualModelTests : IDisposable
{
    /// <summary>A runtime that knows none of these would be older than the tool.</summary>
    private const long OldestNewest = 21;

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("out.onnx");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Gemm")]
    [InlineData("MatMul")]
    [InlineData("Conv")]
    [InlineData("ConvTranspose")]
    public void Layers_of_width_zero_are_left_alone(string opType)
    {
        var model = new TestModel();
        var isConv = opType.StartsWith("Conv", StringComparison.Ordinal);
        var x = isConv ? model.Input("x", "N", 4, 3, 3) : model.Input("x", "N", 4);
        long[] Dims(int from, int to) => opType == "Conv" ? [to, from, 1, 1] : isConv ? [from, to, 1, 1] : [from, to];
        model.Node(opType, "to", [x, model.Floats("w0", Dims(4, 0))]);
        model.Node(opType, "from", ["to", model.Floats("w1", Dims(0, 3))]);
        model.Node(opType, "h", [x, model.Weight("w2", Dims(4, 16))]);
        model.Node("Relu", "r", ["h"]);
        model.Node(opType, "k", ["r", model.Weight("w3", Dims(16, 3))]);
        model.Output(model.Node("Add", "y", ["from", "k"]));
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.onnx", model.Bytes());

        var inspected = CliRun.Of("inspect", path);
        var compressed = CliRun.Of("compress", path, "-o", folder.File("out.onnx"), "--keep-params", "0.7", "--methods", "id", "--quiet", "--cache-dir", "none");

        // The runtime refuses some of these models; what it takes is compressed around the empty layers.
        Assert.True(inspected.Code == 0 || inspected.Error.Contains("OCX1007", StringComparison.Ordinal) || inspected.Error.Contains("OCX3003", StringComparison.Ordinal), inspected.Error);
        Assert.True(compressed.Code is 0 or 1 or 3, compressed.Error);
        Assert.DoesNotContain("OCX9099", compressed.Error, StringComparison.Ordinal);
        if (opType is "Gemm" or "MatMul")
        {
            Assert.Contains("OCX2041", inspected.Output, StringComparison.Ordinal);
            Assert.Equal(0, compressed.Code);
        }
    }

    [Fact]
    public void Every_operator_set_from_7_to_the_newest_is_compressed()
    {
        var runtime = new OrtRuntime();
        var compressor = new Compressor(new CpuBackend(1), runtime);
        var options = new CompressionOptions { IsDataFree = true, Threads = 1, Alignment = 1, Budget = new Budget(KeepMacs: 0.7) };
        for (long opset = 7; ; opset++)
        {
            var model = OnnxModel.Load(Layers(opset, (m, x) => m.Relu("between", x)).Bytes());
            if (Record.Exception(() => runtime.Open(model, new SessionSettings(1)).Dispose()) is OnnxCompressException refused)
            {
                Assert.Equal(DiagnosticCodes.RuntimeRefusedModel, refused.Diagnostic.Code);
                Assert.True(opset > OldestNewest, $"The runtime refuses operator set {opset}: {refused.Message}");
                return;
            }

            var result = compressor.Compress(model, new RandomSampleSource(model.Inputs, 4, 1), options, null, TestContext.Current.CancellationToken);

            using var session = runtime.Open(result.Model, new SessionSettings(1));
            Assert.True(result.Compressed.Macs < result.Original.Macs, $"Nothing was saved at operator set {opset}.");
            Assert.Equal(opset, result.Model.Opset);
        }
    }

    [Fact]
    public void Quantised_layers_are_passed_by() => Compresses((m, x) =>
    {
        m.Scalar("scale", 0.05f);
        m.Graph.Initializer.Add(new TensorProto { Name = "zero", DataType = (int)ElementType.UInt8, Int32Data = { 128 } });
        return m.Node("DequantizeLinear", "dq", [m.Node("QuantizeLinear", "q", [x, "scale", "zero"]), "scale", "zero"]);
    });

    [Fact]
    public void Half_precision_layers_are_compressed_or_passed_by() => Compresses((m, x) =>
    {
        var random = new Random(1);
        var weight = new TensorProto
        {
            Name = "h.w",
            DataType = (int)ElementType.Float16,
            RawData = ByteString.CopyFrom([.. Enumerable.Range(0, 256).SelectMany(_ => BitConverter.GetBytes((Half)(random.NextDouble() - 0.5)))]),
        };
        weight.Dims.Add([16, 16]);
        m.Graph.Initializer.Add(weight);
        return m.Node("Cast", "full", [m.Node("MatMul", "h", [m.Node("Cast", "half", [x], ("to", 10)), "h.w"])], ("to", 1));
    });

    [Fact]
    public void An_operator_of_another_domain_holds_its_channels_and_no_others()
    {
        var run = Compresses((m, x) =>
        {
            m.Node("Trilu", "corner", [x]);
            m.Graph.Node[^1].Domain = "com.microsoft";
            m.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
            return "corner";
        });

        Assert.Contains("OCX2007", run.Output, StringComparison.Ordinal);
        Assert.Contains("com.microsoft.Trilu", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_weight_that_is_not_finite_holds_its_layer_and_no_other()
    {
        var run = Compresses((m, x) =>
        {
            m.Floats("nan.w", [16, 16], [.. Enumerable.Range(0, 256).Select(i => i == 7 ? float.PositiveInfinity : 0.1f)]);
            return m.Node("Mul", "gate", [x, m.Node("Sigmoid", "s", [m.Node("MatMul", "nan", [x, "nan.w"])])]);
        });

        Assert.Contains("OCX2019", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compressed_model_can_be_compressed_again()
    {
        var first = _folder.File("first.onnx");
        Assert.Equal(0, CliRun.Of("compress", SampleFiles.Model, "-o", first, "--keep-macs", "0.7").Code);

        var run = CliRun.Of("compress", first, "-o", Out, "--keep-macs", "0.7");

        Assert.Equal(0, run.Code);
        Assert.True(new FileInfo(Out).Length < new FileInfo(first).Length, "The second run saved nothing.");
    }

    [Fact]
    public void A_model_with_nothing_to_compress_is_left_alone()
    {
        var model = new TestModel();
        model.Input("x", "N", 6);
        model.Output(model.Relu("r", "x"), "N", 6);
        var path = _folder.Write("model.onnx", model.Bytes());

        foreach (var options in (string[][])[["--keep-macs", "0.5"], ["--keep-params", "0.5"], ["--keep-bytes", "0.5", "--precision", "float"]])
        {
            var run = CliRun.Of(["compress", path, "-o", Out, "--quiet", .. options]);

            Assert.True(run.Code == 3, run.Error);
            Assert.Single(run.Error.Split('\n'), line => line.StartsWith("onnx-compress : error OCX", StringComparison.Ordinal));
            Assert.False(File.Exists(Out));
        }
    }

    private CliRun Compresses(Func<TestModel, string, string> between)
    {
        var path = _folder.Write("model.onnx", Layers(17, between).Bytes());

        var run = CliRun.Of("compress", path, "-o", Out, "--keep-params", "0.8", "--verbose");

        Assert.True(run.Code == 0, run.Error);
        Assert.True(new FileInfo(Out).Length < new FileInfo(path).Length, "Nothing was saved.");
        return run;
    }

    /// <summary>Layers whose channels can go, and something between them and another layer.</summary>
    private static TestModel Layers(long opset, Func<TestModel, string, string> between)
    {
        var model = new TestModel(opset);
        if (opset < 8)
        {
            model.Proto.IrVersion = 3;
        }

        model.Input("x", "N", 12);
        var held = model.Gemm("f2", model.Relu("r1", model.Gemm("f1", "x", 12, 32)), 32, 16);
        model.Gemm("f4", model.Relu("r3", model.Gemm("f3", between(model, held), 16, 32)), 32, 3);
        return model.Output("f4", "N", 3);
    }
}
