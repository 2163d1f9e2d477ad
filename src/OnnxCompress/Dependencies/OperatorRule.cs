using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>What one family of operators does to axis indices, and what it needs when axes shrink.</summary>
internal abstract class OperatorRule
{
    /// <summary>Operators of the standard domain that the rule covers.</summary>
    public abstract IReadOnlyList<string> OpTypes { get; }

    /// <summary>States how output indices come from input indices.</summary>
    /// <param name="node">A node whose input axes are known; its output axes must be set.</param>
    /// <param name="relations">Where axes are looked up, tied, pinned and set.</param>
    public abstract void Relate(GraphNode node, Relations relations);

    /// <summary>Adapts attributes and shape constants of a node whose tensors lost indices.</summary>
    /// <param name="node">The node, edited in place.</param>
    /// <param name="shrinkage">Old axes and what is kept of them.</param>
    public virtual void Shrink(GraphNode node, Shrinkage shrinkage)
    {
    }
}
