using System.Text.Json;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>
/// Real models on the first 400 of their test data: about their published accuracy comes out only when layout, preprocessing and types
/// are right. Four standard errors at 90% are 6 points.
/// </summary>
public sealed class RealModelTests : IDisposable
{
    private const int Samples = 400;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_channels_last_model_with_a_fixed_batch_reads_channels_first_data() =>
        Assert.InRange(Accuracy("mlperf_resnet8_cifar10.onnx", "cifar10", "|u1", [Samples, 3, 32, 32], 1), 0.81, 0.94);

    [Fact]
    public void Mean_and_std_are_applied_to_their_channels() => Assert.InRange(
        Accuracy(
            "resnet20_cifar10.onnx", "cifar10", "|u1", [Samples, 3, 32, 32], 1,
            "--scale", SampleFiles.Scale, "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"),
        0.86,
        0.98);

    [Fact]
    public void Token_ids_stay_integers() => Assert.InRange(Accuracy("sst2_encoder.onnx", "sst2", "<i8", [Samples, 48], 8), 0.72, 0.88);

    private double Accuracy(string model, string data, string descriptor, long[] shape, int elementBytes, params string[] options)
    {
        var path = SharedFiles.Model(model);
        var samples = First($"{data}_test.npy", descriptor, shape, elementBytes);
        var labels = First($"{data}_test_labels.npy", "<i8", [Samples], 8);
        var run = CliRun.Of(["verify", path, path, "-d", samples, "--labels", labels, "--json", .. options]);

        using var report = JsonDocument.Parse(run.Output);
        Assert.Equal(1, report.RootElement.GetProperty("verification").GetProperty("agreement").GetDouble());
        return report.RootElement.GetProperty("verification").GetProperty("accuracy").GetProperty("original").GetDouble();
    }

    // The files have headers of 128 bytes.
    private string First(string name, string descriptor, long[] shape, int elementBytes)
    {
        using var source = File.OpenRead(SharedFiles.Data(name));
        var bytes = new byte[shape.Aggregate((long)elementBytes, (product, dim) => product * dim)];
        source.Position = 128;
        source.ReadExactly(bytes);
        return _folder.Write(name, [.. NpyBytes.Header(descriptor, shape), .. bytes]);
    }
}
