namespace OnnxCompress.Selection;

/// <summary>What could go: every site with its curve of cost and error.</summary>
/// <param name="Channels">Groups that can shrink.</param>
/// <param name="Splits">Layers that can become thin ones.</param>
internal sealed record SiteCurves(SiteCandidate[] Channels, SplitCandidate[] Splits)
{
    /// <summary>By layer, how much the outputs feel of its errors; none where that is not known.</summary>
    public IReadOnlyDictionary<string, double> Felt { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>By branch, what its error counts where felt: that of its last layer in place of that of the sum and of all that read it.</summary>
    public IReadOnlyDictionary<string, double> BranchWeights { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>The same of a group of channels: of those that read it, on average.</summary>
    public double FeltOf(Dependencies.ChannelGroup group) => group.Branch is { } branch ? Felt.GetValueOrDefault(branch.Last.Node.Name, 1) * BranchWeights.GetValueOrDefault(group.Name, 1) : group.ConsumerLayers.Select(c => Felt.GetValueOrDefault(c.Layer.Node.Name, 1)).DefaultIfEmpty(1).Average();

    /// <summary>No curves: for a plan that stands.</summary>
    public static SiteCurves None { get; } = new([], []);
}
