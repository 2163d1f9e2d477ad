using System.Runtime.InteropServices;
using Google.Protobuf;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Timing;

/// <summary>
/// A model of several copies of a chain, side by side on one input and summed. What a copy adds to a run is what the chain
/// costs inside a network: starting the run, and bringing the input into the runtime's blocked layout and back, are paid
/// once whatever the number of copies. Every copy has weights of its own, so that none is merged with another.
/// </summary>
internal static class NodeModel
{
    /// <summary>Conv, Gemm and MatMul are the same in every later version.</summary>
    private const long Opset = 13;

    private const string Input = "x", Output = "y";

    /// <summary>Name of the output.</summary>
    public static IReadOnlyList<string> Outputs { get; } = [Output];

    /// <summary>Makes the model.</summary>
    /// <param name="chain">The chain; must have nodes.</param>
    /// <param name="copies">At least one.</param>
    public static OnnxModel Of(TimedChain chain, int copies)
    {
        var random = new Random(copies);
        var graph = new GraphProto { Name = "timed" };
        graph.Input.Add(Declare(Input, InputDims(chain.Nodes[0])));
        graph.Output.Add(new ValueInfoProto { Name = Output });
        var sum = "";
        for (var copy = 0; copy < copies; copy++)
        {
            var timed = AddCopy(graph, chain, $"c{copy}", random);
            sum = copy == 0 ? timed : Add(graph, "Add", $"s{copy}", [sum, timed]);
        }

        graph.Node[^1].Output[0] = Output;
        var model = new ModelProto { IrVersion = 7, Graph = graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        var made = OnnxModel.Load(model.ToByteArray());
        if (chain.Nodes[0].InBytes)
        {
            ByteNodes.Write(made.Graph, Output);
        }

        return made;
    }

    /// <summary>Something to feed it with.</summary>
    public static HostTensor InputOf(TimedChain chain)
    {
        var dims = InputDims(chain.Nodes[0]);
        return new HostTensor(Input, ElementType.Float, dims, Values(Count(dims), new Random(1)));
    }

    private static string AddCopy(GraphProto graph, TimedChain chain, string prefix, Random random)
    {
        var current = Input;
        for (var i = 0; i < chain.Nodes.Count; i++)
        {
            var node = chain.Nodes[i];
            var name = $"{prefix}_{i}";
            var weight = AddTensor(graph, $"{name}_w", WeightDims(node), random);
            // Only the last of a chain has the layer's bias; MatMul has none.
            string[] bias = node.OpType != "MatMul" && i == chain.Nodes.Count - 1 ? [AddTensor(graph, $"{name}_b", [node.Outputs], random)] : [];
            current = Add(graph, node.OpType, name, node is { OpType: "MatMul", OutputsFirst: true } ? [weight, current] : [current, weight, .. bias]);
            SetAttributes(new GraphNode(graph.Node[^1], name), node);
        }

        return current;
    }

    private static void SetAttributes(GraphNode added, TimedNode node)
    {
        LinearMap.SetOrder(added, node.OutputsFirst);
        if (node.Kernel.Count > 0)
        {
            LinearMap.SetGroups(added, node.Groups);
            ConvolutionWindow.Write(added, node.Kernel, node.Strides, node.Pads, node.Dilations);
        }
    }

    private static long[] InputDims(TimedNode node) => node.OpType switch
    {
        "Conv" => [node.Batch, node.Inputs, .. node.Space.Select(s => (long)s)],
        "MatMul" when node.OutputsFirst => [node.Inputs, node.Space[0]],
        _ => [node.Space[0], node.Inputs],
    };

    private static long[] WeightDims(TimedNode node) => node.OpType == "Conv"
        ? [node.Outputs, node.Inputs / node.Groups, .. node.Kernel.Select(k => (long)k)]
        : node.OutputsFirst ? [node.Outputs, node.Inputs] : [node.Inputs, node.Outputs];

    private static string Add(GraphProto graph, string opType, string name, string[] inputs)
    {
        var node = new NodeProto { OpType = opType, Name = name };
        node.Input.AddRange(inputs);
        node.Output.Add(name);
        graph.Node.Add(node);
        return name;
    }

    private static string AddTensor(GraphProto graph, string name, long[] dims, Random random)
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)ElementType.Float,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(Values(Count(dims), random).AsSpan())),
        };
        tensor.Dims.AddRange(dims);
        graph.Initializer.Add(tensor);
        return name;
    }

    private static ValueInfoProto Declare(string name, long[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float, Shape = shape } } };
    }

    private static int Count(long[] dims) => checked((int)dims.Aggregate(1L, (product, d) => product * d));

    /// <summary>Values whose products stay far from the denormal range, where processors are slow.</summary>
    private static float[] Values(int count, Random random)
    {
        var values = new float[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = (float)(random.NextDouble() - 0.5);
        }

        return values;
    }
}
