using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>Describes layers and their splits for a timer.</summary>
internal static class TimedChains
{
    private const int SpatialFrom = 2;

    /// <summary>
    /// A Conv, Gemm or MatMul with a constant weight; null for anything else, and for weights of shapes that are not
    /// plain matrices.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="analysis">Analysis of its model.</param>
    public static TimedNode? Of(GraphNode node, ModelAnalysis analysis)
    {
        var (graph, shapes) = (analysis.Relations.Graph, analysis.Relations.Shapes);
        if (node.Domain.Length > 0 || node.OpType is not ("Conv" or "Gemm" or "MatMul") || shapes.Of(node.Outputs[0]) is not { Length: > 0 } output)
        {
            return null;
        }

        if (node.OpType == "Conv")
        {
            return graph.Constant(node.Inputs[1]) is { } kernel && shapes.Of(node.Inputs[0]) is { } input ? Convolution(node, input, kernel) : null;
        }

        var weightInput = node.OpType == "MatMul" && graph.Constant(node.Inputs[0]) is not null ? 0 : 1;
        if (graph.Constant(node.Inputs[weightInput]) is not { Dims.Count: 2 } weight || node.Int("transA", 0) != 0)
        {
            return null;
        }

        var outputsFirst = weightInput == 0 || node.Int("transB", 0) != 0;
        var (outputs, inputs) = outputsFirst ? ((int)weight.Dims[0], (int)weight.Dims[1]) : ((int)weight.Dims[1], (int)weight.Dims[0]);
        var rows = output.Aggregate(1L, (product, d) => product * d) / outputs;
        return new TimedNode(node.OpType, inputs, outputs) { Space = [checked((int)rows)], OutputsFirst = outputsFirst };
    }

    /// <summary>The thin layers of a split.</summary>
    /// <param name="whole">The layer with the channels that remain.</param>
    /// <param name="shape">The split.</param>
    public static TimedChain Of(TimedNode whole, SplitShape shape)
    {
        bool[] all = [.. whole.Kernel.Select(_ => true)], none = [.. whole.Kernel.Select(_ => false)];
        var (inputs, outputs, rank) = (whole.Inputs, whole.Outputs, shape.Rank);
        return new TimedChain(shape.Form switch
        {
            SplitForm.Input => Chain(whole, (inputs, rank, 1, none), (rank, outputs, 1, all)),
            SplitForm.Tucker => Chain(whole, (inputs, shape.InnerRank, 1, none), (shape.InnerRank, rank, 1, all), (rank, outputs, 1, none)),
            SplitForm.Spatial => Chain(whole, (inputs, rank, 1, [true, false]), (rank, outputs, 1, [false, true])),
            _ => Chain(whole, (inputs, rank * shape.Groups, shape.Groups, all), (rank * shape.Groups, outputs, 1, none)),
        });
    }

    /// <summary>The split of a table: looking up costs next to nothing, so the product behind it is all that is timed.</summary>
    /// <param name="rows">Rows that are looked up for one sample.</param>
    /// <param name="outputs">Columns of the table.</param>
    /// <param name="rank">Columns of the thinner table.</param>
    public static TimedChain OfTable(int rows, int outputs, int rank) => new(new TimedNode("MatMul", rank, outputs) { Space = [rows] });

    private static TimedNode Convolution(GraphNode node, int[] input, Initializer weight)
    {
        int[] kernel = [.. weight.Dims.Skip(SpatialFrom).Select(d => (int)d)];
        int[] space = [.. input.Skip(SpatialFrom)];
        var strides = Along(node, "strides", kernel.Length);
        var dilations = Along(node, "dilations", kernel.Length);
        var groups = (int)node.Int("group", 1);
        return new TimedNode("Conv", (int)weight.Dims[1] * groups, (int)weight.Dims[0])
        {
            Batch = input[0],
            Groups = groups,
            Space = space,
            Kernel = kernel,
            Strides = strides,
            Dilations = dilations,
            Pads = Padding(node, space, kernel, strides, dilations),
        };
    }

    private static int[] Along(GraphNode node, string attribute, int axes) =>
        node.Ints(attribute) is { Count: > 0 } given ? [.. given.Select(v => (int)v)] : [.. Enumerable.Repeat(1, axes)];

    private static int[] Padding(GraphNode node, int[] space, int[] kernel, int[] strides, int[] dilations)
    {
        var automatic = node.Text("auto_pad", "NOTSET");
        if (automatic == "NOTSET" && node.Ints("pads") is { Count: > 0 } given)
        {
            return [.. given.Select(p => (int)p)];
        }

        var pads = new int[2 * kernel.Length];
        for (var axis = 0; automatic.StartsWith("SAME", StringComparison.Ordinal) && axis < kernel.Length; axis++)
        {
            var outputs = (space[axis] + strides[axis] - 1) / strides[axis];
            var total = Math.Max(0, ((outputs - 1) * strides[axis]) + (dilations[axis] * (kernel[axis] - 1)) + 1 - space[axis]);
            pads[axis] = automatic == "SAME_UPPER" ? total / 2 : total - (total / 2);
            pads[axis + kernel.Length] = total - pads[axis];
        }

        return pads;
    }

    private static TimedNode[] Chain(TimedNode whole, params ReadOnlySpan<(int Inputs, int Outputs, int Groups, bool[] Axes)> factors)
    {
        var chain = new TimedNode[factors.Length];
        var space = whole.Space;
        for (var i = 0; i < factors.Length; i++)
        {
            var (inputs, outputs, groups, axes) = factors[i];
            chain[i] = whole with
            {
                Inputs = inputs,
                Outputs = outputs,
                Groups = groups,
                Space = space,
                Kernel = Taken(whole.Kernel, axes, 1),
                Strides = Taken(whole.Strides, axes, 1),
                Dilations = Taken(whole.Dilations, axes, 1),
                Pads = Taken(whole.Pads, axes, 0),
            };
            space = chain[i].OutputSpace();
        }

        return chain;
    }

    private static int[] Taken(IReadOnlyList<int> values, bool[] axes, int otherwise) =>
        [.. values.Select((v, i) => axes[i % axes.Length] ? v : otherwise)];
}
