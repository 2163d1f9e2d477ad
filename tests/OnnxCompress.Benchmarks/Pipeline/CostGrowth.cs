using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Samples;
using OnnxCompress.Testing;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// How the time and the memory of a compression grow on synthetic networks: samples, channels and layers doubled, each alone. Every
/// point is a process of its own, so that its peak is its own. Time should grow by 2.2 at most with samples and layers and by 8.5
/// with channels, and memory not at all with samples: activations may take 64 MB, which the smallest size fills already, for before
/// that is full every sample takes its part of it.
/// </summary>
internal static class CostGrowth
{
    private const int Side = 16, Classes = 10;

    private static readonly (string What, double Most, Func<Size, Size> Doubled)[] Doublings =
    [
        ("samples", 2.2, s => s with { Samples = 2 * s.Samples }),
        ("channels", 8.5, s => s with { Channels = 2 * s.Channels }),
        ("layers", 2.2, s => s with { Layers = 2 * s.Layers }),
    ];

    private sealed record Setting(int Trials, int Threads, int Megabytes);

    private sealed record Size(int Samples, int Channels, int Layers);

    private sealed record Cost(double Seconds, double Processor, double Peak, string Stages);

    /// <summary>Runs <c>growth [--samples N] [--channels N] [--layers N] [--trials N] [--threads N] [--memory MB] [--only WHAT]</c>.</summary>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        string Option(string name, string otherwise) => Array.IndexOf(args, name) is >= 0 and var at ? args[at + 1] : otherwise;
        int Number(string name, int otherwise) => int.Parse(Option(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);
        var size = new Size(Number("--samples", 1024), Number("--channels", 64), Number("--layers", 8));
        var run = new Setting(Number("--trials", 1), Number("--threads", Environment.ProcessorCount), Number("--memory", 64));
        if (args.Contains("--one"))
        {
            // Code is compiled on its first run, which is no cost of the network.
            _ = One(new Size(64, 16, 2), run);
            Console.WriteLine(One(size, run));
            return 0;
        }

        Console.WriteLine("| doubled | samples, channels, layers | seconds | factor | processor | factor | peak | factor | analyze, calibrate, select, allocate, reconstruct, compare |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|");
        var only = Option("--only", "");
        var first = Measure(size, run);
        Print("", size, first, first, 0);
        foreach (var (what, most, doubled) in Doublings.Where(d => d.What.Contains(only, StringComparison.Ordinal)))
        {
            Print(what, doubled(size), Measure(doubled(size), run), first, most);
        }

        return 0;
    }

    private static void Print(string what, Size size, Cost cost, Cost first, double most) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {(what.Length == 0 ? "" : $"{what} (at most {most})")} | {size.Samples}, {size.Channels}, {size.Layers} | {cost.Seconds:F1} | {cost.Seconds / first.Seconds:F2} | {cost.Processor:F1} | {cost.Processor / first.Processor:F2} | {cost.Peak / 1e6:F0} MB | {cost.Peak / first.Peak:F2} | {cost.Stages} |"));

    private static Cost Measure(Size size, Setting run)
    {
        FormattableString line = $"growth --one --samples {size.Samples} --channels {size.Channels} --layers {size.Layers} --trials {run.Trials} --threads {run.Threads} --memory {run.Megabytes}";
        var start = new ProcessStartInfo("dotnet", [typeof(CostGrowth).Assembly.Location, .. FormattableString.Invariant(line).Split(' ')]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        string[] parts = text.Trim().Split(';');
        double Part(int index) => double.Parse(parts[index], CultureInfo.InvariantCulture);
        return new(Part(0), Part(1), Part(2), parts[3]);
    }

    /// <summary>One compression, in this process: seconds, the processor's, peak, stages.</summary>
    private static string One(Size size, Setting run)
    {
        var folder = Directory.CreateTempSubdirectory("onnx-compress-growth-").FullName;
        try
        {
            var (model, data) = (Network(size), Path.Combine(folder, "data.npy"));
            WriteData(data, size.Samples + (size.Samples / 4));
            using var samples = FileSampleSource.Open([new DataFile(data)], model.Inputs, TensorLayout.Nchw, new Preprocessing(1, [], []));
            SubsetSampleSource Part(int first, int count) => new(samples, [.. Enumerable.Range(first, count)]);
            using var process = Process.GetCurrentProcess();
            var (began, before) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime);
            var result = new Compressor(new CpuBackend(run.Threads), new OrtRuntime()).Compress(
                model, new CompressionData(Part(0, size.Samples), Part(size.Samples, size.Samples / 4)),
                new CompressionOptions { Budget = new(KeepMacs: 0.6), Precision = NumberForm.Float, Trials = run.Trials, Threads = run.Threads, MemoryBytes = (long)run.Megabytes << 20 }, null, CancellationToken.None);
            process.Refresh();
            var times = result.Times;
            double[] stages = [times.AnalyzeSeconds, times.CalibrateSeconds, times.SelectSeconds, times.AllocateSeconds, times.ReconstructSeconds, times.CompareSeconds];
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{Stopwatch.GetElapsedTime(began).TotalSeconds};{(process.TotalProcessorTime - before).TotalSeconds};{process.PeakWorkingSet64};{string.Join(", ", stages.Select(s => s.ToString("F2", CultureInfo.InvariantCulture)))}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Convolutions of equal width, one behind the other, and a head.</summary>
    private static OnnxModel Network(Size size)
    {
        var graph = new GraphProto { Name = "growth" };
        graph.Input.Add(Value("x", 3, Side, Side));
        var current = "x";
        for (var layer = 0; layer < size.Layers; layer++)
        {
            var weight = Weight(graph, $"w{layer}", size.Channels, layer == 0 ? 3 : size.Channels, 3, 3);
            var pads = new AttributeProto { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 1, 1, 1 } };
            graph.Node.Add(new NodeProto { OpType = "Conv", Name = $"conv{layer}", Input = { current, weight }, Output = { $"c{layer}" }, Attribute = { pads } });
            graph.Node.Add(new NodeProto { OpType = "Relu", Name = $"relu{layer}", Input = { $"c{layer}" }, Output = { $"r{layer}" } });
            current = $"r{layer}";
        }

        graph.Node.Add(new NodeProto { OpType = "GlobalAveragePool", Name = "pool", Input = { current }, Output = { "p" } });
        graph.Node.Add(new NodeProto { OpType = "Flatten", Name = "flat", Input = { "p" }, Output = { "f" } });
        graph.Node.Add(new NodeProto { OpType = "MatMul", Name = "head", Input = { "f", Weight(graph, "head.w", size.Channels, Classes) }, Output = { "y" } });
        graph.Output.Add(Value("y", Classes));
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(model.ToByteArray());
    }

    private static string Weight(GraphProto graph, string name, params int[] dims)
    {
        var count = dims.Aggregate(1, (product, dim) => product * dim);
        var random = new Random(count + graph.Node.Count);
        var scale = MathF.Sqrt(6f * dims[0] / count);
        // Inputs of a product come first, of a convolution behind the outputs.
        scale = dims.Length == 2 ? MathF.Sqrt(6f / dims[0]) : scale;
        float[] values = [.. Enumerable.Range(0, count).Select(_ => ((random.NextSingle() * 2) - 1) * scale)];
        var tensor = new TensorProto { Name = name, DataType = (int)ElementType.Float, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())) };
        tensor.Dims.Add(dims.Select(d => (long)d));
        graph.Initializer.Add(tensor);
        return name;
    }

    private static ValueInfoProto Value(string name, params int[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add([new TensorShapeProto.Types.Dimension { DimParam = "N" }, .. dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d })]);
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
    }

    private static void WriteData(string path, int samples)
    {
        var random = new Random(1);
        var values = new float[3 * Side * Side];
        using var file = File.Create(path);
        file.Write(NpyBytes.Header("<f4", [samples, 3, Side, Side]));
        for (var sample = 0; sample < samples; sample++)
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = random.NextSingle() - 0.5f;
            }

            file.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        }
    }
}
