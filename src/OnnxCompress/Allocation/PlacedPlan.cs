using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Selection.Streams;

namespace OnnxCompress.Allocation;

/// <summary>A plan with the groups and layers that its sites name: they are looked up here, once, and found by identity from then on.</summary>
internal sealed class PlacedPlan
{
    private readonly ModelAnalysis _analysis;
    private readonly HashSet<int> _removed;

    private PlacedPlan(CompressionPlan plan, ModelAnalysis analysis)
    {
        (Plan, _analysis) = (plan, analysis);
        Channels = [.. plan.Channels.Select(site => (site, GroupOf(site, analysis)))];
        var layers = SplitSites.ByName(analysis);
        Splits = [.. plan.Splits.Select(site => (site, layers.GetValueOrDefault(site.Site) ?? throw Mismatch(site, "the model has no such layer")))];
        _removed = [.. Channels.SelectMany(s => s.Group.Without(s.Site.Kept))];
    }

    /// <summary>The plan.</summary>
    public CompressionPlan Plan { get; }

    /// <summary>The groups that lose channels.</summary>
    public IReadOnlyList<(ChannelPlan Site, ChannelGroup Group)> Channels { get; }

    /// <summary>The layers that become thin ones.</summary>
    public IReadOnlyList<(SplitPlan Site, LinearLayer Layer)> Splits { get; }

    /// <summary>For each site of the plan, in its order, the layers whose outputs show what it does.</summary>
    public IReadOnlyList<LinearLayer[]> Layers
    {
        get
        {
            // What lies in branches that go shows nothing any more.
            var gone = Channels.Where(c => c.Site.Kept.Count == 0).SelectMany(c => c.Group.Branch?.Nodes ?? []).ToHashSet();
            return [.. Plan.Sites.Select(LayersOf).Select(layers => layers.Where(l => !gone.Contains(l.Node)).ToArray())];
        }
    }

    /// <summary>Whether the root of an element stays.</summary>
    public bool IsRootKept(int root) => !_removed.Contains(root);

    private IEnumerable<LinearLayer> LayersOf(SitePlan site) => site is not ChannelPlan ? [Splits.First(s => ReferenceEquals(s.Site, site)).Layer]
        : Channels.First(c => ReferenceEquals(c.Site, site)).Group is var group && group.Branch is { } branch ? branch.Readers
        : group.ConsumerLayers.SelectMany(c => c.Uses);

    /// <summary>What stays of the model.</summary>
    public Remaining Remaining() => _analysis.Cost.When(IsRootKept);

    /// <summary>Multiply-accumulates of one sample.</summary>
    public long Macs()
    {
        var remaining = Remaining();
        return _analysis.Cost.Macs(remaining)
            + Splits.Sum(s => SplitSites.SizeOf(s.Layer, _analysis, remaining) is var size ? SplitCost.Of(s.Site.Shape, size).Macs - size.DenseMacs : 0);
    }

    /// <summary>Finds the sites of a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="model">The model.</param>
    /// <param name="analysis">Its analysis.</param>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    public static PlacedPlan Of(CompressionPlan plan, OnnxModel model, ModelAnalysis analysis)
    {
        if (plan.ModelSha256 != model.SourceSha256)
        {
            throw Mismatch("The plan was made for another model");
        }

        return (Twice(plan.Channels) ?? Twice(plan.Splits)) is { } twice
            ? throw Mismatch($"The plan lists the site '{twice}' twice")
            : new PlacedPlan(plan, analysis);
    }

    /// <summary>Directions of queries and keys that cannot be told.</summary>
    public static OnnxCompressException Mismatch(ChannelPlan scores, string why) => Mismatch($"The plan narrows queries and keys at '{scores.Site}', but {why}");

    /// <summary>A split that does not fit its layer.</summary>
    public static OnnxCompressException Mismatch(SplitPlan split, string why) => Mismatch($"The plan splits '{split.Site}', but {why}");

    private static OnnxCompressException Mismatch(string what) => new(DiagnosticCodes.PlanMismatch, $"{what}; make a new plan for this model.");

    /// <summary>A site that is there more than once; null when none is.</summary>
    private static string? Twice(IEnumerable<SitePlan> sites) =>
        sites.GroupBy(s => s.Site, StringComparer.Ordinal).FirstOrDefault(g => g.Skip(1).Any())?.Key;

    private static ChannelGroup GroupOf(ChannelPlan site, ModelAnalysis analysis)
    {
        var group = analysis.GroupOf(site.Site);
        if (group is null || group.Channels != site.Of || site.Kept.Any(k => k < 0 || k >= group.Channels)
            || (site.Factors is { } factors && (factors.Count != site.Kept.Count || !factors.All(double.IsFinite))))
        {
            throw Mismatch($"The plan keeps {site.Kept.Count} of {site.Of} channels at '{site.Site}', which the model does not have");
        }

        if ((site.Method == CompressionMethod.Depth) != (group.Branch is not null))
        {
            throw Mismatch($"The plan for '{site.Site}' takes out a branch where there is none, or has another method for one");
        }

        if (group.Branch is not null)
        {
            return group;
        }

        var isTurned = site.Method == CompressionMethod.LowRank && group.Scores is null;
        if (isTurned != (group.Stream is not null) || (group.Stream is { } stream && (site.Kept.Count < StreamBasis.Fewest(stream) || site.Kept[^1] != site.Kept.Count - 1)))
        {
            throw Mismatch($"The plan for '{site.Site}' {(isTurned ? "turns channels that are no residual stream, or keeps others than its first directions" : "lists channels of a residual stream, which is turned as a whole")}");
        }

        var isAscending = site.Kept.Zip(site.Kept.Skip(1)).All(pair => pair.First < pair.Second);
        var stays = site.Kept.ToHashSet();
        if (group.Scores is not null && (site.Method != CompressionMethod.LowRank || (site.Factors is not null || site.Kept.Count == 0 || site.Kept[^1] != site.Kept.Count - 1)))
        {
            throw Mismatch($"The plan for '{site.Site}' says something else than how many directions of queries and keys stay, from the first on, by the method that orders them");
        }

        return !isAscending || group.Segments.Any(s => !s.Any(stays.Contains)) || Enumerable.Range(0, group.Channels).Any(c => !group.IsFree[c] && !stays.Contains(c))
            ? throw Mismatch($"The plan for '{site.Site}' lists channels out of order, removes one that must stay, or leaves a layer without channels")
            : group;
    }
}
