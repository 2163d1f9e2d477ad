using Google.Protobuf;
using OnnxCompress.Models;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Fuzz.Mutations;

/// <summary>Changes what a graph is like as a whole: how long, how wide, how deeply shared, and where its weights are said to lie.</summary>
internal static class GraphGrowth
{
    private const int MostNodes = 400;

    private static readonly string[] Places =
    [
        "../outside.bin", "/absolute/weights.bin", "sub/../../outside.bin", ".", "", "weights.bin/", "input.onnx", "pipe", "loop", "weights.bin\n", "%2e%2e/outside.bin",
    ];

    /// <summary>Makes one change.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="random">Which.</param>
    public static void Grow(ModelProto model, Random random)
    {
        if (model.Graph is not { Node.Count: > 0 } graph)
        {
            return;
        }

        switch (random.Next(6))
        {
            case 0:
                Chain(graph, random, deep: false);
                break;
            case 1:
                Chain(graph, random, deep: true);
                break;
            case 2:
                FanOut(graph, random);
                break;
            case 3:
                Unused(graph, random);
                break;
            case 4:
                ShareBytes(graph, random);
                break;
            default:
                MoveAway(graph, random);
                break;
        }
    }

    /// <summary>Many nodes between two others; deep: each reads the one before twice, so that paths double with every node.</summary>
    private static void Chain(GraphProto graph, Random random, bool deep)
    {
        var at = random.Next(graph.Node.Count);
        if (graph.Node[at].Output.Count == 0)
        {
            return;
        }

        var first = graph.Node[at].Output[0];
        var last = first;
        var added = new List<NodeProto>();
        for (var count = 1 + random.Next(deep ? 60 : MostNodes); count > 0; count--)
        {
            var node = deep ? Node("Add", $"{first}.deep{count}", last, last) : Node("Identity", $"{first}.long{count}", last);
            added.Add(node);
            last = node.Output[0];
        }

        foreach (var reader in graph.Node.Skip(at + 1))
        {
            for (var i = 0; i < reader.Input.Count; i++)
            {
                reader.Input[i] = reader.Input[i] == first ? last : reader.Input[i];
            }
        }

        var behind = graph.Node.Skip(at + 1).ToArray();
        while (graph.Node.Count > at + 1)
        {
            graph.Node.RemoveAt(graph.Node.Count - 1);
        }

        graph.Node.Add(added);
        graph.Node.Add(behind);
    }

    private static void FanOut(GraphProto graph, Random random)
    {
        var source = graph.Node[random.Next(graph.Node.Count)];
        if (source.Output.Count > 0)
        {
            graph.Node.Add(Enumerable.Range(0, 1 + random.Next(MostNodes)).Select(i => Node("Relu", $"{source.Output[0]}.fan{i}", source.Output[0])));
        }
    }

    private static void Unused(GraphProto graph, Random random)
    {
        for (var count = 1 + random.Next(MostNodes); count > 0; count--)
        {
            var tensor = new TensorProto { Name = $"unused{count}", DataType = (int)ElementType.Float, RawData = ByteString.CopyFrom(new byte[4]) };
            tensor.Dims.Add(1);
            graph.Initializer.Add(tensor);
        }
    }

    /// <summary>Two weights that say they are the same bytes of a side file.</summary>
    private static void ShareBytes(GraphProto graph, Random random)
    {
        var shift = random.Next(3) * 8;
        foreach (var (index, tensor) in graph.Initializer.Take(2).Index())
        {
            SetPlace(tensor, "weights.bin", offset: index * shift);
        }
    }

    private static void MoveAway(GraphProto graph, Random random)
    {
        if (graph.Initializer.Count > 0)
        {
            SetPlace(graph.Initializer[random.Next(graph.Initializer.Count)], Places[random.Next(Places.Length)], random.Next(3) * 64);
        }
    }

    private static void SetPlace(TensorProto tensor, string location, long offset)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Clear();
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{offset}" });
    }

    private static NodeProto Node(string type, string name, params ReadOnlySpan<string> inputs)
    {
        var node = new NodeProto { OpType = type, Name = name };
        foreach (var input in inputs)
        {
            node.Input.Add(input);
        }

        node.Output.Add(name);
        return node;
    }
}
