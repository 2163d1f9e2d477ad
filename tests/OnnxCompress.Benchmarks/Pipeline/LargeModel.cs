using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// A model that is too large for one protobuf message: written with a side file, compressed by the command line in a
/// process of its own, whose memory is watched.
/// </summary>
internal static class LargeModel
{
    /// <summary>Channels of each convolution; its statistics take 16 bytes for every pair of them, its weights 36.</summary>
    private const int Width = 1024;

    private const int Kernel = 9;

    private const int Side = 4;

    /// <summary>Runs <c>size [GB] [compress options...]</c>.</summary>
    public static int Run(string[] args)
    {
        var gigabytes = args.Length > 0 ? double.Parse(args[0], CultureInfo.InvariantCulture) : 3;
        var folder = Directory.CreateTempSubdirectory("onnx-compress-size-").FullName;
        try
        {
            var path = Path.Combine(folder, "large.onnx");
            Write(path, (int)Math.Round(gigabytes * 1e9 / (4.0 * Width * Width * Kernel)));
            Console.WriteLine($"model: {new FileInfo(path).Length + new FileInfo(path + ".data").Length} bytes");
            Compress(path, Path.Combine(folder, "free.onnx"), [.. args.Skip(1)]);
            var data = Path.Combine(folder, "samples.csv");
            foreach (var samples in (int[])[8, 32])
            {
                var random = new Random(1);
                File.WriteAllLines(data, Enumerable.Range(0, samples).Select(_ => string.Join(',', Enumerable.Range(0, 3 * Side * Side).Select(_ => random.NextDouble().ToString(CultureInfo.InvariantCulture)))));
                Console.WriteLine($"with {samples} samples:");
                Compress(path, Path.Combine(folder, "data.onnx"), ["-d", data, "--decision", "none", "--max-error", "1", "--overwrite", .. args.Skip(1)]);
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Convolutions of 3 x 3; the weights of each are made, written and forgotten.</summary>
    private static void Write(string path, int layers)
    {
        var graph = new GraphProto { Name = "large" };
        graph.Input.Add(Value("x", 3));
        var weights = new float[Width * Width * Kernel];
        using (var side = new FileStream(path + ".data", FileMode.Create, FileAccess.Write))
        {
            var current = Layer(graph, "in", "x", 3, Width, side, weights, path);
            for (var i = 0; i < layers; i++)
            {
                current = Layer(graph, $"layer{i}", current, Width, Width, side, weights, path);
            }

            graph.Output.Add(Value(Layer(graph, "out", current, Width, 16, side, weights, path), 16));
        }

        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        using var stream = File.Create(path);
        Google.Protobuf.MessageExtensions.WriteTo(model, stream);
    }

    private static string Layer(GraphProto graph, string name, string input, int from, int to, FileStream side, float[] weights, string path)
    {
        var random = new Random(graph.Node.Count);
        var scale = MathF.Sqrt(6f / (from * Kernel));
        // A pattern that repeats, with noise: random numbers alone would take minutes.
        var pattern = Enumerable.Range(0, 4099).Select(_ => ((random.NextSingle() * 2) - 1) * scale).ToArray();
        for (var i = 0; i < from * to * Kernel; i++)
        {
            weights[i] = pattern[(int)((((uint)i * 2654435761u) >> 8) % 4099)];
        }

        var tensor = new TensorProto { Name = name + ".w", DataType = (int)ElementType.Float, DataLocation = TensorProto.Types.DataLocation.External };
        tensor.Dims.Add([to, from, 3, 3]);
        foreach (var (key, value) in ((string, string)[])[("location", Path.GetFileName(path) + ".data"), ("offset", $"{side.Position}"), ("length", $"{4L * from * to * Kernel}")])
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        }

        side.Write(MemoryMarshal.AsBytes(weights.AsSpan(0, from * to * Kernel)));
        graph.Initializer.Add(tensor);
        var pads = new AttributeProto { Name = "pads", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 1, 1, 1, 1 } };
        graph.Node.Add(new NodeProto { OpType = "Conv", Name = name, Input = { input, name + ".w" }, Output = { name }, Attribute = { pads } });
        graph.Node.Add(new NodeProto { OpType = "Relu", Name = name + ".r", Input = { name }, Output = { name + ".r" } });
        return name + ".r";
    }

    private static ValueInfoProto Value(string name, int width)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add([new TensorShapeProto.Types.Dimension { DimParam = "N" }, .. ((int[])[width, Side, Side]).Select(d => new TensorShapeProto.Types.Dimension { DimValue = d })]);
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = shape } } };
    }

    private static void Compress(string model, string output, IReadOnlyList<string> options)
    {
        var report = output + ".json";
        var time = Stopwatch.StartNew();
        using var process = Process.Start(new ProcessStartInfo("dotnet", [
            Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll"), "compress", model, "-o", output, "--keep-params", "0.75",
            "--methods", "id", "--reconstruct", "none", "--force", "--quiet", "--report", report, .. options]))!;
        long peak = 0;
        while (!process.WaitForExit(100))
        {
            process.Refresh();
            peak = process.HasExited ? peak : Math.Max(peak, process.PeakWorkingSet64);
        }

        Console.WriteLine(FormattableString.Invariant($"exit {process.ExitCode}, {time.Elapsed.TotalSeconds:F0} s, peak {peak / 1e9:F2} GB, output {string.Join(" + ", Directory.GetFiles(Path.GetDirectoryName(output)!, Path.GetFileNameWithoutExtension(output) + ".onnx*").Where(f => !f.EndsWith(".json", StringComparison.Ordinal)).Select(f => new FileInfo(f).Length))}"));
        if (File.Exists(report))
        {
            var text = File.ReadAllText(report);
            Console.WriteLine(text[text.IndexOf("\"timing\"", StringComparison.Ordinal)..]);
        }
    }
}
