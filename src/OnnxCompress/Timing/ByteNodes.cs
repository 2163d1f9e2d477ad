using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>Puts a model of timed nodes into bytes, as layers in 8 bits stand between each other: what they read and make, weights and biases.</summary>
internal static class ByteNodes
{
    /// <summary>Values of timed models are random and mean nothing: one step does for all.</summary>
    private const float Step = 1f / 128;

    private const byte Zero = 128;

    /// <summary>Writes the pairs that the runtime makes operators on bytes of.</summary>
    /// <param name="graph">The graph; edited in place.</param>
    /// <param name="output">Its output, which stays in floating point.</param>
    public static void Write(ModelGraph graph, string output)
    {
        var nodes = graph.Nodes.ToArray();
        var step = graph.UniqueName("step");
        graph.AddInitializer(step, ElementType.Float, []).Write([], [Step]);
        var zero = graph.UniqueName("zero");
        graph.AddInitializer(zero, ElementType.UInt8, []).WriteBytes([], [Zero]);
        foreach (var node in nodes.Where(n => n.OpType != "Add"))
        {
            WriteWeight(graph, node);
            WriteBias(graph, node);
        }

        var last = graph.UniqueName($"{output}/float");
        graph.Producer(output)!.Proto.Output[0] = last;
        foreach (var tensor in graph.Inputs.Select(i => i.Name).Concat(nodes.SelectMany(n => n.Outputs)).Distinct(StringComparer.Ordinal).ToArray())
        {
            var bytes = graph.UniqueName($"{tensor}/q");
            var read = tensor == last ? output : graph.UniqueName($"{tensor}/dq");
            graph.ReplaceUses(tensor, read);
            graph.AddNode("QuantizeLinear", bytes, [tensor, step, zero], [bytes]);
            graph.AddNode("DequantizeLinear", read, [bytes, step, zero], [read]);
        }

        graph.Index();
        graph.RemoveUnusedInitializers();
    }

    private static void WriteWeight(ModelGraph graph, GraphNode node)
    {
        var weight = graph.Constant(node.Inputs[1])!;
        var outputAxis = LinearMap.Of(node, graph)!.OutputsFirst ? 0 : 1;
        // Halves of a byte at most: sums of them saturate nowhere.
        byte[] bytes = [.. weight.ReadFloats().Select(value => unchecked((byte)(sbyte)Math.Round(value / Step)))];
        var (stored, read) = (graph.UniqueName($"{node.Inputs[1]}/q"), graph.UniqueName($"{node.Inputs[1]}/dq"));
        graph.AddInitializer(stored, ElementType.Int8, [.. weight.Dims]).WriteBytes([.. weight.Dims], bytes);
        var channels = weight.Dims[outputAxis];
        var (step, zero) = (Steps(graph, node, channels), graph.UniqueName($"{node.Name}/wz"));
        graph.AddInitializer(zero, ElementType.Int8, [channels]).WriteBytes([channels], new byte[channels]);
        graph.AddNode("DequantizeLinear", read, [stored, step, zero], [read]).SetInt("axis", outputAxis);
        node.Proto.Input[1] = read;
    }

    private static void WriteBias(ModelGraph graph, GraphNode node)
    {
        if (node.Input(2) is not { } bias)
        {
            return;
        }

        var channels = graph.Constant(bias)!.Count;
        var (stored, read) = (graph.UniqueName($"{bias}/q"), graph.UniqueName($"{bias}/dq"));
        graph.AddInitializer(stored, ElementType.Int32, [channels]).WriteBytes([channels], new byte[sizeof(int) * channels]);
        graph.AddNode("DequantizeLinear", read, [stored, Steps(graph, node, channels, Step)], [read]).SetInt("axis", 0);
        node.Proto.Input[2] = read;
    }

    private static string Steps(ModelGraph graph, GraphNode node, long channels, float times = 1)
    {
        var name = graph.UniqueName($"{node.Name}/steps");
        graph.AddInitializer(name, ElementType.Float, [channels]).Write([channels], [.. Enumerable.Repeat(Step * times, (int)channels)]);
        return name;
    }
}
