using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reconstruction;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>A small model with everything the tool writes about it: the files that plans and statistics are mutated from.</summary>
internal sealed class CompressedSample
{
    private static readonly CompressionOptions Usual = new() { Threads = 1, Alignment = 1, Reconstruction = ReconstructionMode.None };

    private readonly Compressor _compressor = new(new CpuBackend(1), new OrtRuntime());
    private readonly RandomSampleSource _samples;
    private readonly CalibrationStatistics _statistics;

    /// <summary>Compresses it once.</summary>
    public CompressedSample()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3, 5, 5);
        builder.Conv("c2", builder.Relu("r1", builder.Conv("c1", "x", 3, 8, 3, pad: 1)), 8, 10, 3, pad: 1);
        builder.Node("GlobalAveragePool", "pool", [builder.Relu("r2", "c2")]);
        builder.Node("Flatten", "flat", ["pool"]);
        builder.Gemm("f2", builder.Relu("r3", builder.Gemm("f1", "flat", 10, 12)), 12, 4);
        Model = builder.Output("f2").Build();
        _samples = new RandomSampleSource(Model.Inputs, 64, 1);
        _statistics = _compressor.Calibrate(Model, _samples, Usual, null, CancellationToken.None);
        var plan = Compress(Usual with { Budget = new Budget(KeepMacs: 0.5) }, CancellationToken.None).Plan;
        var folder = Directory.CreateTempSubdirectory("onnx-compress-fuzz-").FullName;
        try
        {
            plan.Save(Path.Combine(folder, "plan.json"));
            Plan = File.ReadAllBytes(Path.Combine(folder, "plan.json"));
            _statistics.Save(Path.Combine(folder, "statistics"));
            Statistics = File.ReadAllBytes(Path.Combine(folder, "statistics"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The model.</summary>
    public OnnxModel Model { get; }

    /// <summary>A plan file for it.</summary>
    public byte[] Plan { get; }

    /// <summary>A statistics file of it.</summary>
    public byte[] Statistics { get; }

    /// <summary>Carries out a plan as <c>apply</c> does.</summary>
    public void Apply(CompressionPlan plan, CancellationToken cancellation) => Compress(Usual with { Plan = plan }, cancellation);

    /// <summary>Compresses by statistics as <c>compress --statistics</c> does.</summary>
    public void Use(CalibrationStatistics statistics, CancellationToken cancellation) =>
        _compressor.Compress(Model, _samples, Usual with { Statistics = statistics, Budget = new Budget(KeepMacs: 0.5) }, null, cancellation);


    private CompressionResult Compress(CompressionOptions options, CancellationToken cancellation) =>
        _compressor.Compress(Model, _samples, options with { Statistics = _statistics }, null, cancellation);
}
