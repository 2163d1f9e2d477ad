using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Writes the factors of a convolution: along each spatial axis, the factor that takes it has the layer's kernel, stride,
/// padding and dilation, and the others have 1, 1, 0 and 1.
/// </summary>
internal static class ConvolutionFactors
{
    private static readonly string[] Spatial = ["kernel_shape", "strides", "pads", "dilations", "auto_pad", "group"];

    /// <summary>Adds the factors in front of the node they stand for, which the caller removes.</summary>
    /// <param name="node">The convolution.</param>
    /// <param name="chain">Its factors.</param>
    /// <param name="size">Its size.</param>
    /// <param name="bias">Bias of the last factor.</param>
    /// <param name="graph">Where they go.</param>
    public static void Write(GraphNode node, IReadOnlyList<SplitFactor> chain, LayerSize size, string? bias, ModelGraph graph)
    {
        var current = node.Inputs[0];
        for (var i = 0; i < chain.Count; i++)
        {
            var isLast = i == chain.Count - 1;
            var name = graph.UniqueName($"{node.Name}/{chain[i].Suffix}");
            var output = isLast ? node.Outputs[0] : graph.UniqueName($"{name}/output");
            var weight = AddWeight(name, chain[i], size, node, graph);
            var added = graph.InsertNode(node, "Conv", name, isLast && bias is not null ? [current, weight, bias] : [current, weight], [output]);
            SetAttributes(added, node, chain[i], size);
            current = output;
        }
    }

    private static string AddWeight(string name, SplitFactor factor, LayerSize size, GraphNode node, ModelGraph graph)
    {
        var kernel = KernelOf(factor, size);
        var taps = kernel.Aggregate(1L, (product, k) => product * k);
        long[] dims = [factor.Weight.Rows, factor.Weight.Columns / taps, .. kernel];
        var weight = graph.AddInitializer(graph.UniqueName($"{name}/weight"), graph.Constant(node.Inputs[1])!.Type, dims);
        weight.Write(dims, ProductFactors.ToFloats(factor.Weight));
        return weight.Name;
    }

    private static long[] KernelOf(SplitFactor factor, LayerSize size) => [.. size.Kernel.Select((k, axis) => factor.Axes[axis] ? (long)k : 1)];

    private static void SetAttributes(GraphNode added, GraphNode node, SplitFactor factor, LayerSize size)
    {
        if (factor.Axes.Contains(true))
        {
            // Attributes this tool does not know go with the factors that do the spatial work.
            added.CopyAttributes(node, Spatial);
        }

        added.SetInts("kernel_shape", KernelOf(factor, size));
        if (factor.Groups > 1)
        {
            added.SetInt("group", factor.Groups);
        }

        SetAlong(added, node, factor, "strides", otherwise: 1);
        SetAlong(added, node, factor, "dilations", otherwise: 1);
        if (node.Has("auto_pad") && node.Text("auto_pad", "NOTSET") != "NOTSET")
        {
            // Computed along each axis from kernel and stride: with 1 and 1 it comes out as no padding.
            added.SetText("auto_pad", node.Text("auto_pad", "NOTSET"));
        }
        else if (node.Ints("pads") is { Count: > 0 } pads)
        {
            added.SetInts("pads", pads.Select((pad, i) => factor.Axes[i % factor.Axes.Length] ? pad : 0));
        }
    }

    private static void SetAlong(GraphNode added, GraphNode node, SplitFactor factor, string attribute, long otherwise)
    {
        if (node.Ints(attribute) is { Count: > 0 } values)
        {
            added.SetInts(attribute, values.Select((v, axis) => factor.Axes[axis] ? v : otherwise));
        }
    }
}
