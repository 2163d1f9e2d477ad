using Google.Protobuf;
using OnnxCompress.Allocation;
using OnnxCompress.Samples;
using OnnxCompress.Fuzz.Mutations;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Testing;

namespace OnnxCompress.Fuzz.Targets;

/// <summary>Models: reading, simplification, analysis and, for some, compression by a budget.</summary>
internal sealed class ModelTarget : FuzzTarget
{
    private const double LargestInput = 1 << 18;

    /// <summary>A compression runs a model some hundred times.</summary>
    private const double MostMacs = 1 << 24;

    private static readonly CpuBackend Backend = new(1);
    private static readonly OrtRuntime Runtime = new();

    private readonly ModelProto[] _corpus = ModelCorpus.Create();

    /// <inheritdoc />
    public override string Name => "model";

    /// <inheritdoc />
    public override string Extension => ".onnx";

    /// <inheritdoc />
    public override int Weight => 60;

    /// <summary>A search makes many models, and what is counted is not what is held at once.</summary>
    public override long MostBytes => 4L << 30;

    /// <inheritdoc />
    public override byte[] Make(Random random)
    {
        var proto = _corpus[random.Next(_corpus.Length)].Clone();
        if (random.Next(12) == 0)
        {
            return RawBytes.Mutate(proto.ToByteArray(), random);
        }

        for (var edits = 1 + (int)(4 * Math.Pow(random.NextDouble(), 2)); edits > 0; edits--)
        {
            ProtoFields.Mutate(proto, random);
        }

        if (random.Next(5) == 0)
        {
            GraphGrowth.Grow(proto, random);
        }

        if (random.Next(60) == 0)
        {
            ModelCorpus.Nest(proto, 1 + random.Next(200), random);
        }

        return random.Next(40) == 0 ? RawBytes.Mutate(proto.ToByteArray(), random) : proto.ToByteArray();
    }

    /// <inheritdoc />
    public override void Run(byte[] input, string path, Random random, CancellationToken cancellation)
    {
        PutSideFiles(Path.GetDirectoryName(path)!);
        var model = OnnxModel.Load(path);
        var compressor = new Compressor(Backend, Runtime);
        var shapes = model.Inputs.Where(i => i.Dims is not null && i.Dims.Any(d => d.Value is null))
            .DistinctBy(i => i.Name, StringComparer.Ordinal)
            .ToDictionary(i => i.Name, i => (IReadOnlyList<long>)[.. i.Dims!.Select(d => d.Value ?? 3)], StringComparer.Ordinal);
        var options = new CompressionOptions { Threads = 1, Alignment = 1, Seed = random.Next(), IsDataFree = random.Next(2) == 0 };
        var samples = new RandomSampleSource(model.Inputs, 8, 1, shapes);
        if (IsLarge(model))
        {
            _ = samples.Read([0]);
            return;
        }

        if (random.Next(3) > 0)
        {
            _ = compressor.Analyze(model, samples, options, cancellation);
            return;
        }

        if (compressor.Analyze(model, samples, options, cancellation).Macs > MostMacs)
        {
            // Padded by a thousand, it takes the runtime long, too.
            return;
        }

        options = options with { Budget = new Budget(KeepMacs: 0.3 + (0.6 * random.NextDouble())) };
        var data = new CompressionData(samples, Validation: options.IsDataFree ? null : samples);
        var result = compressor.Compress(model, data, options, null, cancellation);
        result.Model.Save(path + ".out");
        _ = OnnxModel.Load(path + ".out");
        File.Delete(path + ".out");
        File.Delete(path + ".out.data");
    }

    /// <summary>What a model may name beside itself: a file with weights, one that never ends being opened, one that leads to itself.</summary>
    private static void PutSideFiles(string folder)
    {
        var weights = Path.Combine(folder, "weights.bin");
        if (!File.Exists(weights))
        {
            File.WriteAllBytes(weights, new byte[4096]);
            if (!OperatingSystem.IsWindows())
            {
                SpecialFiles.Fifo(Path.Combine(folder, "pipe"));
                File.CreateSymbolicLink(Path.Combine(folder, "loop"), Path.Combine(folder, "loop"));
            }
        }
    }

    /// <summary>Whether running it takes long by its own declaration: that is a large model, and no defect.</summary>
    private static bool IsLarge(OnnxModel model) =>
        model.Inputs.Any(i => i.Dims is { } dims && dims.Aggregate(1.0, (product, d) => product * Math.Abs((double)(d.Value ?? 3))) > LargestInput);
}
