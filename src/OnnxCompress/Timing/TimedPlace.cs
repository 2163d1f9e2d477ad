using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>A layer of a model as far as its time depends on the channels that stay.</summary>
/// <param name="Node">The layer.</param>
/// <param name="Whole">With all its channels.</param>
/// <param name="InputAxis">The channels that it reads; null where they stay.</param>
/// <param name="OutputAxis">Those that it makes.</param>
internal sealed record TimedPlace(GraphNode Node, TimedNode Whole, IndexAxis? InputAxis, IndexAxis? OutputAxis)
{
    /// <summary>Indices of the branches that it lies in.</summary>
    public IReadOnlyList<IndexAxis> Branches { get; init; } = [];

    /// <summary>Whether the layer is there at all.</summary>
    public bool Stays(Remaining remaining) => !Branches.Any(remaining.Shrinks);

    /// <summary>Describes a node; null where it is none whose time is known by its sizes.</summary>
    /// <param name="node">The node.</param>
    /// <param name="analysis">Analysis of its model.</param>
    /// <param name="batch">Samples in a run, unless the model fixes another number.</param>
    /// <param name="inBytes">Whether layers are in 8 bits that can be: convolutions, and products of vectors.</param>
    public static TimedPlace? Of(GraphNode node, ModelAnalysis analysis, int batch, bool inBytes = false)
    {
        if (LinearMap.Of(node, analysis.Relations.Graph) is not { } map || TimedChains.Of(map, analysis.Relations.Shapes, batch) is not { } whole)
        {
            return null;
        }

        var axes = analysis.Relations.KnownAxes(map.Weight);
        return new TimedPlace(node, whole with { InBytes = inBytes && TakesBytes(map) }, axes.ElementAtOrDefault(map.InputAxis), axes.ElementAtOrDefault(map.OutputAxis)) { Branches = [.. analysis.BranchesOf[node.Name]] };
    }

    /// <summary>Whether a layer reads and makes bytes in a model in 8 bits: convolutions, and products of vectors.</summary>
    public static bool TakesBytes(LinearMap map) => map.Kind == LinearKind.Convolution || (map.Node.OpType == "Gemm" && !map.Scales);

    /// <summary>What stays of the layer.</summary>
    public TimedNode When(Remaining remaining)
    {
        int Kept(IndexAxis? axis, int otherwise) => axis is null ? otherwise : remaining.Kept(axis);
        var outputs = Kept(OutputAxis, Whole.Outputs);
        return Whole.IsDepthwise
            ? Whole.With(outputs * Whole.Inputs / Whole.Outputs, outputs)
            : Whole.With(Kept(InputAxis, Whole.Inputs / Whole.Groups) * Whole.Groups, outputs);
    }
}
