using OnnxCompress.Models;

namespace OnnxCompress.Simplification;

/// <summary>
/// Brings the runtime's Attention, which multiplies with one weight for queries, keys and values, to three products in front of its
/// MultiHeadAttention: each of them is a layer then, and loses heads, widths and ranks as such. Attention with a cache, with angles or
/// with a mask in whole numbers of another form stays as it is.
/// </summary>
internal static class PlainAttention
{
    private const int Weight = 1, Bias = 2, Mask = 3, Past = 4, AttentionBias = 5;
    private const string Domain = "com.microsoft";

    private static readonly string[] Parts = ["q", "k", "v"];

    /// <summary>Whether there is something to do, for which shapes must be known.</summary>
    public static bool IsNeeded(ModelGraph graph) => graph.Nodes.Any(IsFused);

    /// <summary>Applies the pass.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="shapes">Its observed shapes.</param>
    /// <returns>How many nodes changed.</returns>
    public static int Apply(ModelGraph graph, TensorShapes shapes)
    {
        var edits = graph.Nodes.ToArray().Count(n => IsFused(n) && Restate(n, graph, shapes));
        graph.Index();
        return edits;
    }

    private static bool IsFused(GraphNode node) => node is { OpType: "Attention", Domain: Domain };

    private static bool Restate(GraphNode node, ModelGraph graph, TensorShapes shapes)
    {
        if (Own(node.Inputs[Weight], graph) is not { Dims: [var inputs, var outputs] } weight || (node.Input(Bias) is { } name && Own(name, graph) is null)
            || node.Input(Past) is not null || node.Inputs.Skip(AttentionBias + 1).Any(i => i.Length > 0) || node.Outputs.Skip(1).Any(o => graph.IsOutput(o) || graph.Uses(o).Count > 0)
            || node.Int("do_rotary", 0) != 0 || (node.Input(Mask) is { } mask && !IsKnown(shapes.Of(mask), shapes.Samples)))
        {
            return false;
        }

        long[] widths = node.Ints("qkv_hidden_sizes") is { Count: 3 } stated ? [.. stated] : [outputs / 3, outputs / 3, outputs / 3];
        var bias = node.Input(Bias) is { } added ? graph.Initializers[added] : null;
        if (widths.Sum() != outputs || widths[0] != widths[1] || (bias is not null && bias.Count != outputs))
        {
            return false;
        }

        var (values, shifts) = (weight.ReadFloats(), bias?.ReadFloats());
        var read = new string[Parts.Length];
        for (int part = 0, from = 0; part < Parts.Length; from += (int)widths[part++])
        {
            // The last part keeps the names: by them the weight is found again.
            var (isLast, width) = (part == Parts.Length - 1, (int)widths[part]);
            var product = graph.UniqueName($"{node.Name}/{Parts[part]}");
            var slice = isLast ? weight : graph.AddInitializer(graph.UniqueName($"{weight.Name}/{Parts[part]}"), weight.Type, [inputs, width]);
            slice.Write([inputs, width], Columns(values, (int)outputs, from, width));
            graph.InsertNode(node, "MatMul", product, [node.Inputs[0], slice.Name], [product]);
            read[part] = product;
            if (bias is not null)
            {
                var shift = isLast ? bias : graph.AddInitializer(graph.UniqueName($"{bias.Name}/{Parts[part]}"), bias.Type, [width]);
                shift.Write([width], shifts!.AsSpan(from, width).ToArray());
                read[part] = graph.UniqueName($"{product}/bias");
                graph.InsertNode(node, "Add", read[part], [product, shift.Name], [read[part]]);
            }
        }

        Become(node, read);
        return true;
    }

    /// <summary>A mask of zeros and ones, or the number of positions that count.</summary>
    private static bool IsKnown(int[]? mask, int samples) => mask is { Length: 2 or 3 } || (mask is [var lengths] && lengths == samples);

    private static void Become(GraphNode node, string[] read)
    {
        var (mask, scores) = (node.Input(Mask) ?? "", node.Input(AttentionBias) ?? "");
        node.Proto.OpType = "MultiHeadAttention";
        node.Remove("qkv_hidden_sizes");
        node.Remove("do_rotary");
        node.Remove("rotary_embedding_dim");
        node.Remove("past_present_share_buffer");
        node.Proto.Input.Clear();
        node.Proto.Input.Add([.. read, "", mask, scores]);
        while (node.Proto.Input[^1].Length == 0)
        {
            node.Proto.Input.RemoveAt(node.Proto.Input.Count - 1);
        }

        // What it handed on has another form.
        var output = node.Outputs[0];
        node.Proto.Output.Clear();
        node.Proto.Output.Add(output);
    }

    private static float[] Columns(float[] values, int outputs, int from, int width)
    {
        var part = new float[values.Length / outputs * width];
        for (var i = 0; i < part.Length; i++)
        {
            part[i] = values[(i / width * outputs) + from + (i % width)];
        }

        return part;
    }

    private static Initializer? Own(string name, ModelGraph graph) =>
        graph.Initializers.TryGetValue(name, out var constant) && constant.Type.IsFloatingPoint() && graph.Uses(name).Count == 1 && !graph.IsInput(name) && !graph.IsOutput(name) ? constant : null;
}
