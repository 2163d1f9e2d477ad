using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>Describes layers and their splits for a timer.</summary>
internal static class TimedChains
{
    /// <summary>
    /// A Conv, Gemm or MatMul with a constant weight; null for anything else, and for weights of shapes that are not
    /// plain matrices.
    /// </summary>
    /// <param name="map">The node.</param>
    /// <param name="shapes">Shapes that it reads and makes.</param>
    /// <param name="batch">Samples in a run, unless the model fixes another number.</param>
    public static TimedNode? Of(LinearMap map, TensorShapes shapes, int batch = 1)
    {
        var runs = shapes.Samples > 1 ? 1 : batch;
        if (map.Inputs == 0 || map.Outputs == 0 || shapes.Of(map.Output) is not { Length: > 0 } output || map.Kind is not (LinearKind.Convolution or LinearKind.Product))
        {
            return null;
        }

        if (map.Window is { } window)
        {
            return shapes.Of(map.Input) is { } input ? Convolution(map, window, input, output, runs) : null;
        }

        var rows = output.Aggregate(1L, (product, d) => product * d) / map.Outputs;
        return new TimedNode(map.Node.OpType, map.Inputs, map.Outputs) { Space = [checked((int)(rows * runs))], OutputsFirst = map.OutputsFirst };
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

    private static TimedNode Convolution(LinearMap map, ConvolutionWindow window, int[] input, int[] output, int runs)
    {
        int[] axes = [.. Enumerable.Range(0, map.Kernel.Length)];
        int[] space = [.. input.Skip(LinearMap.SpatialFrom)];
        var pads = axes.Select(axis => window.Padding(axis, space[axis], output[LinearMap.SpatialFrom + axis])).ToArray();
        return new TimedNode(map.Node.OpType, map.Inputs, map.Outputs)
        {
            Batch = runs * input[0],
            Groups = map.Groups,
            Space = space,
            Kernel = map.Kernel,
            Strides = [.. axes.Select(window.Stride)],
            Dilations = [.. axes.Select(window.Dilation)],
            Pads = [.. pads.Select(p => p.Begin), .. pads.Select(p => p.End)],
        };
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
