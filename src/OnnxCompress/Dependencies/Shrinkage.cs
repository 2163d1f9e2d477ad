using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>Which indices of every axis stay, for rules that must adapt a node.</summary>
/// <param name="graph">The graph being rewritten.</param>
/// <param name="relations">Axes as they were.</param>
/// <param name="isKept">Whether an element's root stays.</param>
internal sealed class Shrinkage(ModelGraph graph, Relations relations, Func<int, bool> isKept)
{
    /// <summary>The graph being rewritten.</summary>
    public ModelGraph Graph => graph;

    /// <summary>Shapes of the original.</summary>
    public TensorShapes Shapes => relations.Shapes;

    /// <summary>Version of the default operator set.</summary>
    public long Opset => relations.Opset;

    /// <summary>The old axes of a tensor; null where they cannot shrink.</summary>
    public IndexAxis?[] Axes(string tensor) => relations.KnownAxes(tensor);

    /// <summary>Whether an element's root stays.</summary>
    public bool IsRootKept(int root) => isKept(root);

    /// <summary>Whether an index stays.</summary>
    public bool IsKept(int element) => isKept(relations.Elements.Root(element));

    /// <summary>How many indices stay.</summary>
    public int Kept(IndexAxis axis) => axis.Ids.Count(IsKept);

    /// <summary>How many of the indices in [start, end) stay.</summary>
    public int Kept(IndexAxis axis, int start, int end) => axis.Ids.AsSpan(start, end - start).ToArray().Count(IsKept);

    /// <summary>Whether the axis loses indices.</summary>
    public bool Shrinks(IndexAxis? axis) => axis is not null && axis.Ids.Any(id => !IsKept(id));

    /// <summary>The size of an axis after the removal, for one sample.</summary>
    public int NewSize(string tensor, int axis) =>
        Axes(tensor) is { Length: > 0 } axes && axes[axis] is { } live ? Kept(live) : Shapes.Of(tensor)![axis];
}
