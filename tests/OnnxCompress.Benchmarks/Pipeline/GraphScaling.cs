using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>
/// Time of <c>inspect</c>, and of <c>compress</c> without data, for graphs of doubling sizes: every step from reading to
/// writing should take time in proportion. Each run is a process of its own, as users start it; what is printed is its
/// processor time, all threads together, which other programs on the machine change little.
/// </summary>
internal static class GraphScaling
{
    private const int Width = 8;

    private static readonly (string Kind, int Nodes, Func<int, GraphProto> Make)[] Kinds =
    [
        ("identity", 20_000, Identities),
        ("relu", 20_000, Relus),
        ("add", 20_000, Doublings),
        ("constants", 20_000, ConstantDoublings),
        ("initializers", 200_000, Initializers),
        ("conv", 4_000, Convolutions),
        ("fan-out", 20_000, FanOut),
        ("batch-norm", 8_000, Normalized),
        ("transpose", 8_000, Transposed),
    ];

    /// <summary>Runs <c>graphs [--doublings N] [--most N] [--only KIND]</c>.</summary>
    /// <returns>0, or 1 where a run failed.</returns>
    public static int Run(string[] args)
    {
        var doublings = Number(args, "--doublings", 2);
        var only = Array.IndexOf(args, "--only") is var at and >= 0 ? args[at + 1] : null;
        var folder = Directory.CreateTempSubdirectory("onnx-compress-graphs-").FullName;
        var failed = 0;
        try
        {
            Console.WriteLine($"{"graph",-14}{"size",9}  {"inspect",9}  {"compress",9}");
            foreach (var (kind, usual, make) in Kinds.Where(k => only is null || k.Kind == only))
            {
                var most = Number(args, "--most", usual);
                for (var d = doublings; d >= 0; d--)
                {
                    failed += Measure(kind, most >> d, make, folder);
                }
            }

            return failed == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static int Number(string[] args, string option, int otherwise) =>
        Array.IndexOf(args, option) is var at and >= 0 ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;

    private static int Measure(string kind, int size, Func<int, GraphProto> make, string folder)
    {
        var path = Path.Combine(folder, "model.onnx");
        var model = new ModelProto { IrVersion = 8, Graph = make(size) };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        File.WriteAllBytes(path, model.ToByteArray());
        var inspect = Tool("inspect", path, "--json");
        // A model without anything to remove ends with 3 and writes nothing: its time counts all the same.
        var compress = Tool("compress", path, "-o", Path.Combine(folder, "out.onnx"), "--keep-params", "0.7", "--overwrite", "--cache-dir", "none");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind,-14}{size,9}  {inspect.Text,9}  {compress.Text,9}"));
        return inspect.Code is 0 && compress.Code is 0 or 3 ? 0 : 1;
    }

    private static (int Code, string Text) Tool(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "dotnet-onnx-compress.dll"));
        foreach (var arg in args)
        {
            start.ArgumentList.Add(arg);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        var seconds = 0.0;
        while (!process.WaitForExit(20))
        {
            try
            {
                seconds = process.TotalProcessorTime.TotalSeconds;
            }
            catch (InvalidOperationException)
            {
                // It ended in between.
            }
        }

        output.GetAwaiter().GetResult();
        if (process.ExitCode is not (0 or 3))
        {
            Console.Error.WriteLine(error.GetAwaiter().GetResult().Split('\n').FirstOrDefault(line => line.Contains(" error ", StringComparison.Ordinal)));
        }

        return (process.ExitCode, string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s{(process.ExitCode == 0 ? "" : $" ({process.ExitCode})")}"));
    }

    private static GraphProto Identities(int size) => Chain(size, "Identity", current => [current]);

    private static GraphProto Relus(int size) => Chain(size, "Relu", current => [current]);

    /// <summary>Every node adds what it reads to itself: as many ways from the input to the output as 2 to the power of the nodes.</summary>
    private static GraphProto Doublings(int size) => Chain(size, "Add", current => [current, current]);

    private static GraphProto Transposed(int size)
    {
        var graph = Start();
        var current = "x";
        for (var i = 0; i < size / 2; i++)
        {
            current = Node(graph, "Transpose", current);
            graph.Node[^1].Attribute.Add(new AttributeProto { Name = "perm", Type = AttributeProto.Types.AttributeType.Ints, Ints = { 0, 2, 3, 1 } });
            current = Node(graph, "Relu", current);
        }

        return End(graph, current);
    }

    /// <summary>The same with a constant in place of the input, read by a node that is none.</summary>
    private static GraphProto ConstantDoublings(int size)
    {
        var graph = Start(16);
        var current = Constant(graph, 1, Width, 16, 16);
        for (var i = 1; i < size; i++)
        {
            // The mean keeps values finite.
            current = Node(graph, "Mean", current, current);
        }

        return End(graph, Node(graph, "Add", "x", current));
    }

    private static GraphProto Initializers(int size)
    {
        var graph = Start();
        for (var i = 0; i < size; i++)
        {
            Constant(graph, 4);
        }

        return End(graph, Node(graph, "Conv", Node(graph, "Conv", "x", Constant(graph, Width, Width, 1, 1)), Constant(graph, Width, Width, 1, 1)));
    }

    private static GraphProto Convolutions(int size) => Chain(size, "Conv", (graph, current) => [current, Constant(graph, Width, Width, 1, 1)]);

    private static GraphProto Normalized(int size)
    {
        var graph = Start();
        var current = "x";
        for (var i = 0; i < size / 2; i++)
        {
            current = Node(graph, "Conv", current, Constant(graph, Width, Width, 1, 1));
            current = Node(graph, "BatchNormalization", [current, .. Enumerable.Range(0, 4).Select(_ => Constant(graph, Width))]);
        }

        return End(graph, current);
    }

    /// <summary>One tensor that all nodes read.</summary>
    private static GraphProto FanOut(int size)
    {
        var graph = Start();
        var conv = Node(graph, "Conv", "x", Constant(graph, Width, Width, 1, 1));
        string[] ends = [.. Enumerable.Range(0, size - 2).Select(_ => Node(graph, "Relu", conv))];
        return End(graph, Node(graph, "Sum", ends));
    }

    private static GraphProto Chain(int size, string opType, Func<string, string[]> inputs) => Chain(size, opType, (_, current) => inputs(current));

    private static GraphProto Chain(int size, string opType, Func<GraphProto, string, string[]> inputs)
    {
        var graph = Start();
        var current = "x";
        for (var i = 0; i < size; i++)
        {
            current = Node(graph, opType, inputs(graph, current));
        }

        return End(graph, current);
    }

    private static GraphProto Start(int side = 2)
    {
        var graph = new GraphProto { Name = "scaling" };
        graph.Input.Add(Value("x", side));
        return graph;
    }

    private static GraphProto End(GraphProto graph, string output)
    {
        graph.Node.Add(new NodeProto { OpType = "Neg", Name = "end", Input = { output }, Output = { "y" } });
        graph.Output.Add(new ValueInfoProto
        {
            Name = "y", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float } },
        });
        return graph;
    }

    private static ValueInfoProto Value(string name, int side)
    {
        var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float, Shape = new TensorShapeProto() } };
        type.TensorType.Shape.Dim.AddRange(((long[])[1, Width, side, side]).Select(size => new TensorShapeProto.Types.Dimension { DimValue = size }));
        return new ValueInfoProto { Name = name, Type = type };
    }

    private static string Node(GraphProto graph, string opType, params string[] inputs)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"n{graph.Node.Count}");
        graph.Node.Add(new NodeProto { OpType = opType, Name = name, Input = { inputs }, Output = { name } });
        return name;
    }

    private static string Constant(GraphProto graph, params long[] dims)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"c{graph.Initializer.Count}");
        var random = new Random(graph.Initializer.Count);
        var values = new float[dims.Aggregate(1L, (product, d) => product * d)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = random.NextSingle() / Width;
        }

        graph.Initializer.Add(new TensorProto
        {
            Name = name, DataType = (int)ElementType.Float, Dims = { dims },
            RawData = UnsafeByteOperations.UnsafeWrap(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray()),
        });
        return name;
    }
}
