namespace OnnxCompress.Timing;

/// <summary>Nodes that run one after the other: a layer, or the thin ones that stand for it. No nodes take no time.</summary>
/// <param name="Nodes">In the order the data meets them; each reads what the one before it makes.</param>
internal sealed record TimedChain(IReadOnlyList<TimedNode> Nodes)
{
    /// <summary>A chain of one node.</summary>
    public TimedChain(TimedNode node)
        : this([node])
    {
    }

    /// <summary>What the time is filed under.</summary>
    public string Key => string.Join(" | ", Nodes.Select(n => n.Key));

    /// <summary>Multiply-accumulates of one run.</summary>
    public long Macs => Nodes.Sum(n => n.Macs);
}
