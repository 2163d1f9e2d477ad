using OnnxCompress.Dependencies;
using OnnxCompress.Selection;

namespace OnnxCompress.Allocation;

/// <summary>The sites that a rule offers to an allocation, their errors weighted as it says.</summary>
internal static class OfferedSites
{
    /// <summary>Groups that can shrink, and layers that can be split.</summary>
    /// <param name="curves">What could go.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="forms">The numbers of layers; null for those of the model. A layer of a wider form is not split.</param>
    public static (SiteCandidate[] Channels, SplitCandidate[] Splits) Of(SiteCurves curves, PlanRule rule, StoredForms? forms)
    {
        SiteCandidate Weighted(SiteCandidate site) => site.Weighted(rule.WeightOf(site.Group.Name) * (rule.IsFelt ? curves.FeltOf(site.Group) : 1));
        SplitCandidate Split(SplitCandidate split)
        {
            var name = split.Layer.Node.Name;
            var weighted = (rule.SpatialFirst ? split.SpatialFirst() : split).Weighted(rule.WeightOf(name) * (rule.IsFelt ? curves.Felt.GetValueOrDefault(name, 1) : 1));
            return forms is not null && forms.Bytes.TryGetValue(name, out var each) ? weighted.Storing(each) : weighted;
        }

        return (
            rule.Channels ? [.. curves.Channels.Select(Weighted)] : [],
            rule.Splits ? [.. curves.Splits.Where(s => forms?.Wider.ContainsKey(s.Layer.Node.Name) != true).Select(Split)] : []);
    }

    /// <summary>What lies in a branch that goes is not cut as well.</summary>
    /// <param name="channels">What goes.</param>
    /// <param name="analysis">The model's analysis.</param>
    public static IEnumerable<ChannelPlan> WithoutGone(IReadOnlyList<ChannelPlan> channels, ModelAnalysis analysis)
    {
        var gone = channels.Where(p => p.Method == CompressionMethod.Depth).SelectMany(p => analysis.GroupOf(p.Site)!.Branch!.Nodes).Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        return gone.Count == 0 ? channels : channels.Where(p => p.Method == CompressionMethod.Depth || analysis.GroupOf(p.Site)! is var group && !group.Producers.Concat(group.Consumers).All(gone.Contains));
    }
}
