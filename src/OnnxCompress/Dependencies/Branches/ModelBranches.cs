using OnnxCompress.Diagnostics;

namespace OnnxCompress.Dependencies.Branches;

/// <summary>The residual branches of a model.</summary>
/// <param name="Groups">Those that may go, one group of one index each.</param>
/// <param name="Of">By the name of a node, the indices that all have to stay for it to stay.</param>
/// <param name="Refusals">Those that stay, and why.</param>
internal sealed record ModelBranches(IReadOnlyList<ChannelGroup> Groups, ILookup<string, IndexAxis> Of, IReadOnlyList<Refusal> Refusals)
{
    /// <summary>Finds them.</summary>
    /// <param name="relations">Axes, layers and shapes of the model.</param>
    /// <param name="isSelected">Whether a node may be changed.</param>
    public static ModelBranches Find(Relations relations, Func<string, bool> isSelected)
    {
        var finder = new BranchFinder(relations, isSelected);
        var branches = finder.Find();
        return new(
            [.. branches.Select(GroupBuilder.OfBranch)],
            branches.SelectMany(b => b.Nodes.Select(n => (n.Name, b.Axis))).ToLookup(p => p.Name, p => p.Axis, StringComparer.Ordinal),
            [.. finder.Held.Select(h => new Refusal(h.Node, DiagnosticCodes.BranchHeld, $"The branch that '{h.Node}' adds stays as a whole: {h.Sentence}.", 0))]);
    }
}
