using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>A real model of <c>../shared</c> with its data, open for a benchmark.</summary>
internal sealed class SharedCase : IDisposable
{
    private const double GuardShare = 0.25;

    private readonly FileSampleSource _calibration;

    private SharedCase(string folder, string file, string data, Preprocessing preprocessing)
    {
        Name = Path.GetFileNameWithoutExtension(file);
        Model = OnnxModel.Load(Path.Combine(folder, "models", file));
        _calibration = Read(folder, $"{data}_calibration.npy", preprocessing);
        Test = Read(folder, $"{data}_test.npy", preprocessing);
        Labels = LabelFile.Read(Path.Combine(folder, "data", $"{data}_test_labels.npy"));
    }

    /// <summary>The model's file, without its ending.</summary>
    public string Name { get; }

    public OnnxModel Model { get; }

    public FileSampleSource Test { get; }

    public IReadOnlyList<long> Labels { get; }

    /// <summary>Opens ResNet-20 on CIFAR-10; null, with the reason printed, where it is absent.</summary>
    public static SharedCase? Resnet20(string file = "resnet20_cifar10.onnx") =>
        Open(file, "cifar10", new Preprocessing(1 / 255.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]));

    /// <summary>Opens SqueezeNet 1.1 on ImageNet; null, with the reason printed, where it is absent.</summary>
    public static SharedCase? Squeezenet() =>
        Open("squeezenet1.1_imagenet.onnx", "imagenet", new Preprocessing(1 / 255.0, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]));

    /// <summary>Opens a Fashion-MNIST model; null, with the reason printed, where it is absent.</summary>
    public static SharedCase? Fashion(string file) => Open(file, "fashion", new Preprocessing(1 / 255.0, [], []));

    /// <summary>Opens MobileNetV2 on ImageNet; null, with the reason printed, where it is absent.</summary>
    public static SharedCase? MobileNet() => Open("mobilenet_v2_imagenet.onnx", "imagenet", new Preprocessing(1 / 127.5, [1], []));

    /// <summary>Opens the small ResNet of MLPerf on CIFAR-10; null, with the reason printed, where it is absent.</summary>
    public static SharedCase? Resnet8() => Open("mlperf_resnet8_cifar10.onnx", "cifar10", new Preprocessing(1, [], []));

    /// <summary>Opens the encoder on SST-2; null, with the reason printed, where it is absent.</summary>
    public static SharedCase? Encoder() => Open("sst2_encoder.onnx", "sst2", new Preprocessing(1, [], []));

    /// <summary>All of them that have data.</summary>
    public static IReadOnlyList<(string Name, Func<SharedCase?> Open)> All { get; } =
    [
        ("resnet20", () => Resnet20()), ("mobilenet", MobileNet), ("squeezenet", Squeezenet), ("resnet8", Resnet8),
        ("fm_mlp", () => Fashion("fm_mlp.onnx")), ("fm_lenet", () => Fashion("fm_lenet.onnx")), ("sst2", Encoder),
    ];

    /// <summary>The score of a compressed model on the test images.</summary>
    public VerificationResult Score(OnnxModel compressed) => new ModelVerifier(new OrtRuntime()).Verify(
        Model, compressed, Test, new VerificationOptions { Labels = Labels }, null, CancellationToken.None);

    /// <summary>The first calibration images.</summary>
    public SubsetSampleSource Calibration(int count) => new(_calibration, [.. Enumerable.Range(0, Math.Min(count, _calibration.Count))]);

    /// <summary>The calibration data as the command line parts them.</summary>
    /// <param name="seed">Which samples go where.</param>
    /// <param name="samples">For statistics at most.</param>
    public CompressionData Split(int seed, int samples)
    {
        var split = SampleSplit.Create(_calibration, GuardShare, seed, samples, CancellationToken.None);
        SubsetSampleSource Part(IReadOnlyList<int> indices) => new(_calibration, indices);
        return new(Part(split.Statistics), Part(split.Validation), Part(split.Guard));
    }

    public void Dispose()
    {
        _calibration.Dispose();
        Test.Dispose();
    }

    private static SharedCase? Open(string file, string data, Preprocessing preprocessing)
    {
        var folder = Path.GetFullPath(Path.Combine(RepositoryFiles.Root, "..", "shared"));
        if (!File.Exists(Path.Combine(folder, "models", file)))
        {
            Console.WriteLine($"skipped: ../shared/models/{file} is absent.");
            return null;
        }

        return new SharedCase(folder, file, data, preprocessing);
    }

    private FileSampleSource Read(string folder, string name, Preprocessing preprocessing) =>
        FileSampleSource.Open([new DataFile(Path.Combine(folder, "data", name))], Model.Inputs, TensorLayout.Nchw, preprocessing);
}
