using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>Convolutions in bytes that read some channels twice, the second time with weights of zero, read each once again.</summary>
internal static class RepeatedChannels
{
    private const int Channels = 1;

    /// <summary>Takes the repeated channels from what a DequantizeLinear reads, and from the convolutions behind it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="graph">Its graph, with weights in floating point; look-ups of the node's producer are wrong afterwards until it is indexed.</param>
    /// <returns>Whether there were any.</returns>
    public static bool ReadOnce(GraphNode node, ModelGraph graph)
    {
        if (node is not { OpType: "DequantizeLinear", Domain: "" } || graph.Producer(node.Inputs[0]) is not { OpType: "Gather", Domain: "" } gather || gather.Int("axis", 0) != Channels
            || graph.Producer(gather.Inputs[0]) is not { OpType: "QuantizeLinear", Domain: "" } || graph.Constant(gather.Inputs[1]) is not { Dims.Count: 1 } listed)
        {
            return false;
        }

        var indices = listed.ReadIntegers();
        var once = (int)indices.Max() + 1;
        var readers = graph.Uses(node.Outputs[0]);
        if (!indices.Take(once).SequenceEqual(Enumerable.Range(0, once).Select(i => (long)i)) || graph.IsOutput(node.Outputs[0])
            || !readers.All(u => u is { Index: 0, Node.OpType: "Conv" } && IsZeroBehind(graph.Initializers.GetValueOrDefault(u.Node.Inputs[1]), once, indices.Length)))
        {
            return false;
        }

        foreach (var weight in readers.Select(u => graph.Initializers[u.Node.Inputs[1]]).Distinct())
        {
            var (dims, values, block, inner) = Parts(weight);
            dims[Channels] = once;
            weight.Write(dims, [.. values.Where((_, i) => i % block < once * inner)]);
        }

        node.Proto.Input[0] = gather.Inputs[0];
        graph.Index();
        return true;
    }

    private static bool IsZeroBehind(Initializer? weight, int once, int all)
    {
        if (weight is not { Type: ElementType.Float, Dims.Count: > Channels } || weight.Dims[Channels] != all)
        {
            return false;
        }

        var (_, values, block, inner) = Parts(weight);
        return !values.Where((_, i) => i % block >= once * inner).Any(v => v != 0);
    }

    /// <summary>A weight, its numbers for each output and for each channel of one.</summary>
    private static (long[] Dims, float[] Values, int Block, int Inner) Parts(Initializer weight)
    {
        long[] dims = [.. weight.Dims];
        var block = checked((int)dims.Skip(Channels).Aggregate(1L, (product, d) => product * d));
        return (dims, weight.ReadFloats(), block, checked((int)(block / dims[Channels])));
    }
}
