using System.Diagnostics;
using System.Globalization;
using Google.Protobuf;
using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Selection;
using OnnxCompress.Timing;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>Time of the dependency analysis and of one allocation against the number of nodes, on residual networks of growing depth.</summary>
public static class AnalysisScaling
{
    private const int Channels = 64;
    private const int Side = 8;
    private const int Repeats = 7;

    /// <summary>Runs the benchmark.</summary>
    /// <returns>0.</returns>
    public static int Run(string[] args)
    {
        foreach (var nodes in (int[])[500, 1000, 2000, 4000])
        {
            var model = Network(nodes);
            var shapes = Shapes(model);
            var times = new double[Repeats];
            var groups = 0;
            for (var repeat = 0; repeat < Repeats; repeat++)
            {
                var start = Stopwatch.GetTimestamp();
                groups = DependencyAnalyzer.Analyze(model, shapes).Groups.Count;
                times[repeat] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }

            Array.Sort(times);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{model.Graph.Nodes.Count,5} nodes, {groups,4} groups: {times[Repeats / 2],8:F1} ms, {1000 * times[Repeats / 2] / model.Graph.Nodes.Count:F1} us a node; channels for half of the operations {Allocation(model, shapes),8:F1} ms"));
        }

        return 0;
    }

    /// <summary>Milliseconds of one allocation, with errors that grow evenly.</summary>
    private static double Allocation(OnnxModel model, TensorShapes shapes)
    {
        var analysis = DependencyAnalyzer.Analyze(model, shapes);
        SiteCandidate[] sites = [.. analysis.Groups.Select(g => new SiteCandidate(g, Even(g.Channels), new WidthAlignment(null)))];
        var limits = new BudgetLimits(analysis.Groups, [], analysis.Cost, model.Bytes, new Budget(KeepMacs: 0.5));
        var start = Stopwatch.GetTimestamp();
        new LevelAllocator(sites, [], limits).Allocate();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static ChannelCurve Even(int channels) =>
        new([.. Enumerable.Range(0, channels)], [.. Enumerable.Range(0, channels + 1).Select(k => 1 - ((double)k / channels))], 0);

    /// <summary>Blocks of Conv, BatchNormalization, Relu, Conv, Add on one residual stream, a group of its own every 50 nodes.</summary>
    private static OnnxModel Network(int nodes)
    {
        var graph = new GraphProto { Name = "deep" };
        var stream = "x";
        var type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1, Shape = new TensorShapeProto() } };
        foreach (var size in (long[])[1, Channels, Side, Side])
        {
            type.TensorType.Shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = size });
        }

        graph.Input.Add(new ValueInfoProto { Name = "x", Type = type });
        while (graph.Node.Count < nodes)
        {
            if (graph.Node.Count % 50 == 0)
            {
                stream = Conv(graph, stream);
            }

            var norm = Node(graph, "BatchNormalization", [Conv(graph, stream), .. Enumerable.Range(0, 4).Select(_ => Constant(graph, Channels))]);
            stream = Node(graph, "Add", [stream, Conv(graph, Node(graph, "Relu", [norm]))]);
        }

        graph.Output.Add(new ValueInfoProto { Name = Conv(graph, stream) });
        var model = new ModelProto { IrVersion = 8, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        return OnnxModel.Load(model.ToByteArray());
    }

    private static TensorShapes Shapes(OnnxModel model)
    {
        var shapes = new TensorShapes();
        foreach (var name in model.Graph.Nodes.SelectMany(n => n.Outputs).Append("x"))
        {
            shapes.Set(name, ElementType.Float, [1, Channels, Side, Side]);
        }

        return shapes;
    }

    private static string Conv(GraphProto graph, string input) => Node(graph, "Conv", [input, Constant(graph, Channels, Channels, 1, 1)]);

    private static string Node(GraphProto graph, string opType, IEnumerable<string> inputs)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"n{graph.Node.Count}");
        var node = new NodeProto { OpType = opType, Name = name };
        node.Input.AddRange(inputs);
        node.Output.Add(name);
        graph.Node.Add(node);
        return name;
    }

    private static string Constant(GraphProto graph, params long[] dims)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"c{graph.Initializer.Count}");
        var bytes = new byte[dims.Aggregate(4L, (product, d) => product * d)];
        graph.Initializer.Add(new TensorProto { Name = name, DataType = 1, Dims = { dims }, RawData = UnsafeByteOperations.UnsafeWrap(bytes) });
        return name;
    }
}
