using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Timing;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Odd widths between two convolutions, padded to one that the runtime keeps in its blocked layout: the first makes channels of
/// zeros more, and what is made of those in between meets weights of zero. Every output is the same sum as before, for every
/// finite number.
/// </summary>
internal static class WholeVectors
{
    /// <summary>What may lie between: it works on each channel alone, and makes a finite number of zeros.</summary>
    private static readonly HashSet<string> Between =
    [
        "Relu", "Clip", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus", "Softsign", "Mish", "Gelu", "Identity",
        "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
    ];

    /// <summary>Whether there are any.</summary>
    public static bool Any(ModelGraph graph, Shrinkage shrinkage, int vector) => graph.Nodes.Any(n => Find(n, graph, shrinkage, vector) is not null);

    /// <summary>Pads them.</summary>
    /// <param name="graph">The graph, with the channels that stay.</param>
    /// <param name="shrinkage">Has the shapes of the original.</param>
    /// <param name="vector">Channels in a vector.</param>
    /// <returns>Multiply-accumulates that the model has more for one sample.</returns>
    public static long Apply(ModelGraph graph, Shrinkage shrinkage, int vector)
    {
        var macs = 0L;
        foreach (var node in graph.Nodes)
        {
            // One after the other: what one adds to its consumer is part of what the next one pads.
            if (Find(node, graph, shrinkage, vector) is { } pair)
            {
                var added = WidthTable.Padded(pair.First.Outputs, vector) - pair.First.Outputs;
                macs += added * (PerChannel(pair.First, pair.First.Inputs, shrinkage) + PerChannel(pair.Second, pair.Second.Outputs, shrinkage));
                Pad(pair.First.Weight, pair.First.OutputAxis, added, graph);
                Pad(pair.Second.Weight, pair.Second.InputAxis, added, graph);
                if (pair.First.BiasInput is { } bias)
                {
                    Pad(bias, 0, added, graph);
                }
            }
        }

        graph.ForgetInnerShapes();
        return macs;
    }

    private static (LinearMap First, LinearMap Second)? Find(GraphNode node, ModelGraph graph, Shrinkage shrinkage, int vector)
    {
        if (Own(node, graph, shrinkage) is not { } first || WidthTable.Padded(first.Outputs, vector) == first.Outputs)
        {
            return null;
        }

        var tensor = first.Output;
        while (OnlyReader(tensor, graph) is { } reader)
        {
            if (reader.OpType == "Conv")
            {
                return reader.Inputs[0] == tensor && Own(reader, graph, shrinkage) is { } second ? (first, second) : null;
            }

            if (!Between.Contains(reader.OpType) || reader.Domain.Length > 0 || reader.Outputs.Count != 1)
            {
                return null;
            }

            tensor = reader.Outputs[0];
        }

        return null;
    }

    /// <summary>A convolution of all channels, whose weight and bias nothing else reads.</summary>
    private static LinearMap? Own(GraphNode node, ModelGraph graph, Shrinkage shrinkage) =>
        LinearMap.Of(node, graph) is { Kind: LinearKind.Convolution, Groups: 1 } map && IsOwn(map.Weight, graph) && (map.BiasInput is not { } bias || IsOwn(bias, graph))
            && shrinkage.Shapes.Of(map.Output) is not null
            ? map
            : null;

    private static bool IsOwn(string name, ModelGraph graph) =>
        graph.Initializers.TryGetValue(name, out var constant) && constant.Type == ElementType.Float && graph.Uses(name).Count == 1 && !graph.IsInput(name) && !graph.IsOutput(name);

    private static GraphNode? OnlyReader(string tensor, ModelGraph graph) =>
        !graph.IsOutput(tensor) && graph.Uses(tensor) is [{ Index: 0 } use] ? use.Node : null;

    /// <summary>Multiply-accumulates of one channel on the one side with all of the other.</summary>
    private static long PerChannel(LinearMap map, int others, Shrinkage shrinkage)
    {
        var output = shrinkage.Shapes.Of(map.Output)!;
        return output.Skip(LinearMap.SpatialFrom).Concat(map.Kernel).Aggregate((long)output[0] * others, (product, size) => checked(product * size));
    }

    /// <summary>Puts zeros behind an axis of a constant.</summary>
    private static void Pad(string name, int axis, int added, ModelGraph graph)
    {
        var constant = graph.Constant(name)!;
        long[] dims = [.. constant.Dims];
        var values = constant.ReadFloats();
        var block = checked((int)dims.Skip(axis).Aggregate(1L, (product, d) => product * d));
        var inner = checked((int)(block / dims[axis]));
        dims[axis] += added;
        var padded = new float[values.Length / block * (block + (added * inner))];
        for (var i = 0; i < values.Length / block; i++)
        {
            values.AsSpan(i * block, block).CopyTo(padded.AsSpan(i * (block + (added * inner))));
        }

        constant.Write(dims, padded);
    }
}
