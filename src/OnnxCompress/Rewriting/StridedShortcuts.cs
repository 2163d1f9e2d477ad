using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Operators;
using OnnxCompress.Models;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Shortcuts of residual networks without parameters (option A of He et al. 2016): every second position, and channels of zeros
/// beside those there are. Slice and Pad are outside the runtime's blocked layout and take the Add behind them out of it. A 1x1
/// convolution with that stride, whose weight has a one for each channel, gives the same numbers within it: each is one
/// product by one and sums of zeros, exact for every finite number.
/// </summary>
internal static class StridedShortcuts
{
    private const int Rank = 4, Channels = 1, FirstOfSpace = 2;

    /// <summary>Whether there are any.</summary>
    public static bool Any(ModelGraph graph, Shrinkage shrinkage) => graph.Nodes.Any(n => Find(n, graph, shrinkage) is not null);

    /// <summary>Rewrites them.</summary>
    /// <param name="graph">The graph, with the channels that stay.</param>
    /// <param name="shrinkage">Which those are, and the shapes of the original.</param>
    /// <returns>Multiply-accumulates that the model has more for one sample.</returns>
    public static long Apply(ModelGraph graph, Shrinkage shrinkage)
    {
        Shortcut[] found = [.. graph.Nodes.Select(n => Find(n, graph, shrinkage)).OfType<Shortcut>()];
        foreach (var shortcut in found)
        {
            Replace(shortcut, graph);
        }

        graph.Index();
        graph.RemoveDeadNodes();
        graph.RemoveUnusedInitializers();
        return found.Sum(s => s.Macs);
    }

    private static Shortcut? Find(GraphNode pad, ModelGraph graph, Shrinkage shrinkage)
    {
        if (pad is not { OpType: "Pad", Domain: "" } || pad.Text("mode", "constant") != "constant" || !FillsWithZeros(pad, graph)
            || PadRule.Amounts(pad, graph, Rank) is not { Length: 2 * Rank } pads || pads.Index().Any(p => p.Item < 0 || (p.Item > 0 && p.Index % Rank != Channels)))
        {
            return null;
        }

        var input = pad.Inputs[0];
        var strides = new long[Rank - FirstOfSpace];
        Array.Fill(strides, 1);
        while (graph.Producer(input) is { OpType: "Slice", Domain: "" } slice && OnlyReadOnce(input, graph) && Take(slice, graph, shrinkage, strides))
        {
            input = slice.Inputs[0];
        }

        if (strides.All(s => s == 1) || shrinkage.Shapes.TypeOf(input) != ElementType.Float || shrinkage.Shapes.Of(pad.Outputs[0]) is not { Length: Rank } output)
        {
            return null;
        }

        var channels = shrinkage.NewSize(input, Channels);
        var made = pads[Channels] + channels + pads[Channels + Rank];
        return new Shortcut(pad, input, strides, channels, (int)pads[Channels], (int)made, checked(output[0] * made * channels * output[FirstOfSpace] * output[FirstOfSpace + 1]));
    }

    /// <summary>Multiplies a Slice's steps into the strides; false where it takes anything but every nth position of the whole plane.</summary>
    private static bool Take(GraphNode slice, ModelGraph graph, Shrinkage shrinkage, long[] strides)
    {
        if (shrinkage.Shapes.Of(slice.Inputs[0]) is not { Length: Rank } shape || SliceRanges.Read(slice, graph, shrinkage.Shapes, shape) is not { } ranges
            || !ranges.All(r => r is { IsConstant: true, Step: > 0, RawStart: 0, Axis: >= FirstOfSpace } && IsOpen(r, slice.Inputs[0], shape, shrinkage)))
        {
            return false;
        }

        foreach (var range in ranges)
        {
            strides[range.Axis - FirstOfSpace] *= range.Step;
        }

        return true;
    }

    /// <summary>Whether a range ends where the axis does, whatever its size in another run.</summary>
    private static bool IsOpen(SliceRanges.Range range, string tensor, int[] shape, Shrinkage shrinkage) =>
        range.RawEnd >= int.MaxValue || (range.RawEnd >= shape[range.Axis] && !shrinkage.Shapes.IsDynamic(tensor, range.Axis));

    private static bool FillsWithZeros(GraphNode pad, ModelGraph graph) =>
        pad.Float("value", 0) == 0 && (pad.Input(2) is not { } value || (graph.Constant(value) is { } constant && constant.Type.IsFloatingPoint() && constant.ReadFloats().All(v => v == 0)));

    private static bool OnlyReadOnce(string tensor, ModelGraph graph) => graph.Uses(tensor).Count == 1 && !graph.IsOutput(tensor);

    private static void Replace(Shortcut shortcut, ModelGraph graph)
    {
        var name = graph.UniqueName($"{shortcut.Pad.Name}/select");
        var weight = graph.AddInitializer(graph.UniqueName($"{name}/weight"), ElementType.Float, [shortcut.Outputs, shortcut.Inputs, 1, 1]);
        var values = new float[shortcut.Outputs * shortcut.Inputs];
        for (var channel = 0; channel < shortcut.Inputs; channel++)
        {
            values[((shortcut.Before + channel) * shortcut.Inputs) + channel] = 1;
        }

        weight.Write([shortcut.Outputs, shortcut.Inputs, 1, 1], values);
        var added = graph.InsertNode(shortcut.Pad, "Conv", name, [shortcut.Input, weight.Name], [shortcut.Pad.Outputs[0]]);
        ConvolutionWindow.Write(added, [1, 1], shortcut.Strides.Select(s => (int)s), [0, 0, 0, 0], [1, 1]);
        graph.Remove(shortcut.Pad);
    }

    /// <summary>One of them.</summary>
    /// <param name="Pad">Its last node.</param>
    /// <param name="Input">What it reads.</param>
    /// <param name="Strides">Along the spatial axes.</param>
    /// <param name="Inputs">Channels that it reads.</param>
    /// <param name="Before">Channels of zeros in front of them.</param>
    /// <param name="Outputs">Channels that it makes.</param>
    /// <param name="Macs">Multiply-accumulates of the convolution for one sample.</param>
    private sealed record Shortcut(GraphNode Pad, string Input, long[] Strides, int Inputs, int Before, int Outputs, long Macs);
}
