using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Dependencies;

/// <summary>What stays of a model while its graph is rewritten, for rules that must adapt a node.</summary>
/// <param name="graph">The graph being rewritten.</param>
/// <param name="relations">Axes as they were.</param>
/// <param name="isRootKept">Whether an element's root stays; null when all do.</param>
internal sealed class Shrinkage(ModelGraph graph, Relations relations, Func<int, bool>? isRootKept) : Remaining(relations.Elements, isRootKept)
{
    /// <summary>The graph being rewritten.</summary>
    public ModelGraph Graph => graph;

    /// <summary>Shapes of the original.</summary>
    public TensorShapes Shapes => relations.Shapes;

    /// <summary>Version of the default operator set.</summary>
    public long Opset => relations.Opset;

    /// <summary>By the root of its first channel, what a residual stream was turned by, <c>channels x kept</c>: its indices are no longer those of the original.</summary>
    public Dictionary<int, Matrix<float>> Turns { get; } = [];

    /// <summary>By the name of what a product made, the name of that with a constant which it has taken up from a normalisation.</summary>
    public Dictionary<string, string> Shifted { get; } = new(StringComparer.Ordinal);

    /// <summary>What the channels of an axis were turned by; null where they are those of the original.</summary>
    public Matrix<float>? TurnOf(IndexAxis? axis) => Turns.Count > 0 && axis is { Length: > 0 } ? Turns.GetValueOrDefault(relations.Elements.Root(axis.Ids[0])) : null;

    /// <summary>The old axes of a tensor; null where they cannot shrink.</summary>
    public IndexAxis?[] Axes(string tensor) => relations.KnownAxes(tensor);

    /// <summary>The size of an axis after the removal, for one sample.</summary>
    public int NewSize(string tensor, int axis) =>
        Axes(tensor) is { Length: > 0 } axes && axes[axis] is { } live ? Kept(live) : Shapes.Of(tensor)![axis];
}
