namespace OnnxCompress.Selection;

/// <summary>What could go: every site with its curve of cost and error.</summary>
/// <param name="Channels">Groups that can shrink.</param>
/// <param name="Splits">Layers that can become thin ones.</param>
internal sealed record SiteCurves(SiteCandidate[] Channels, SplitCandidate[] Splits)
{
    /// <summary>No curves: for a plan that stands.</summary>
    public static SiteCurves None { get; } = new([], []);
}
