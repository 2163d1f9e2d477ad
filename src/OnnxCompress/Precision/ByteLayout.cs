using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Rewriting;
using OnnxCompress.Timing;

namespace OnnxCompress.Precision;

/// <summary>
/// Brings a graph that computes in bytes to what the runtime's kernels on bytes like. Each byte that comes out is the same: what is
/// read beside the channels meets weights of zero.
/// </summary>
internal static class ByteLayout
{
    private const int Channels = 1;

    /// <summary>Pads bytes in place of floats between two conversions: of operators that move values the runtime leaves this one in floats.</summary>
    /// <param name="graph">The graph with its pairs; edited in place, and indexed afterwards.</param>
    public static void PadInBytes(ModelGraph graph)
    {
        foreach (var pad in graph.Nodes.Where(n => n is { OpType: "Pad", Domain: "" }).ToArray())
        {
            if (!graph.IsOutput(pad.Outputs[0]) && graph.Producer(pad.Inputs[0]) is { OpType: "DequantizeLinear" } before
                && graph.Uses(pad.Outputs[0]) is [{ Index: 0, Node: { OpType: "QuantizeLinear" } after }]
                // Of one step and zero point: the bytes are those of what is padded.
                && before.Inputs.Skip(1).SequenceEqual(after.Inputs.Skip(1)) && graph.Constant(before.Inputs[2]) is { Dims.Count: 0 })
            {
                pad.Proto.Input[0] = before.Inputs[0];
                graph.AddInput(pad, position: 2, before.Inputs[2]);
                pad.Proto.Output[0] = after.Outputs[0];
                graph.Remove(after);
            }
        }

        graph.Index();
    }

    /// <summary>Lets convolutions whose input channels are no multiple of four read some of them twice, the second time with weights of zero.</summary>
    /// <param name="graph">The graph with its weights in bytes; edited in place, and indexed afterwards.</param>
    public static void ReadInFours(ModelGraph graph)
    {
        var padded = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Conv", Domain: "" } && LinearMap.GroupsOf(n) == 1).ToArray())
        {
            if (graph.Producer(node.Inputs[0]) is { OpType: "DequantizeLinear" } read && graph.Producer(node.Inputs[1]) is { OpType: "DequantizeLinear" } weights
                && graph.Constant(read.Inputs[2]) is { Dims.Count: 0 } && graph.Constant(weights.Inputs[0]) is { Type: ElementType.Int8, Dims: [_, var inputs, _, _] } stored && inputs % InputsInFours.Together != 0)
            {
                var added = WidthTable.Padded((int)inputs, InputsInFours.Together) - inputs;
                Pad(stored, checked((int)added));
                if (!padded.TryGetValue(node.Inputs[0], out var input))
                {
                    padded[node.Inputs[0]] = input = Repeat(graph, read, inputs, added);
                }

                node.Proto.Input[0] = input;
            }
        }

        graph.Index();
    }

    /// <summary>
    /// The first channels once more, which meet weights of zero. Pad would do, but the runtime moves it behind a change of layout, where channels
    /// lie beside each other and are copied one by one.
    /// </summary>
    private static string Repeat(ModelGraph graph, GraphNode read, long inputs, long added)
    {
        var (scale, zero) = (read.Inputs[1], read.Inputs[2]);
        var name = graph.UniqueName($"{read.Inputs[0]}/fours");
        var channels = graph.AddIntegers($"{name}/channels", [.. Enumerable.Range(0, (int)(inputs + added)).Select(c => c % inputs)]);
        graph.AddNode("Gather", name, [read.Inputs[0], channels], [name]).SetInt("axis", Channels);
        var output = graph.UniqueName($"{name}/dq");
        graph.AddNode("DequantizeLinear", output, [name, scale, zero], [output]);
        return output;
    }

    private static void Pad(Initializer weight, int added)
    {
        long[] dims = [.. weight.Dims];
        var block = checked((int)dims.Skip(Channels).Aggregate(1L, (product, d) => product * d));
        var inner = checked((int)(block / dims[Channels]));
        dims[Channels] += added;
        var bytes = weight.ReadBytes();
        var whole = new byte[dims[0] * (block + (added * inner))];
        for (var o = 0; o < dims[0]; o++)
        {
            bytes.AsSpan(o * block, block).CopyTo(whole.AsSpan(o * (block + (added * inner))));
        }

        weight.WriteBytes(dims, whole);
    }
}
