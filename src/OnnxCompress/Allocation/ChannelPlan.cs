using OnnxCompress.Selection;

namespace OnnxCompress.Allocation;

/// <summary>What happens to one group of channels.</summary>
/// <param name="Site">Name of the channel group.</param>
/// <param name="Method">The method that chose.</param>
/// <param name="Kept">Channels that stay, ascending.</param>
/// <param name="Of">Channels there were.</param>
/// <param name="PredictedError">Relative error of the consumers' outputs, root mean square, from the statistics.</param>
/// <param name="Ridge">Ridge of the mixing's least squares, relative to the mean diagonal of the Gram.</param>
public sealed record ChannelPlan(string Site, CompressionMethod Method, IReadOnlyList<int> Kept, int Of, double PredictedError, double Ridge)
    : SitePlan(Site, Method, PredictedError)
{
    /// <summary>
    /// What the weights that read each kept channel are multiplied by, in the order of <see cref="Kept"/>; null: they take
    /// up what goes by least squares.
    /// </summary>
    public IReadOnlyList<double>? Factors { get; init; }

    /// <summary>The plan of a site for a choice of channels.</summary>
    internal static ChannelPlan ForSite(SiteCandidate site, bool[] kept, CancellationToken cancellation)
    {
        var chosen = site.Exchange is null || Array.TrueForAll(kept, k => k) ? kept : site.Exchange(kept, cancellation);
        int[] channels = [.. Enumerable.Range(0, kept.Length).Where(c => chosen[c])];
        return new ChannelPlan(site.Group.Name, site.Curve.Method, channels, kept.Length, site.Curve.Errors[channels.Length], site.Curve.Ridge);
    }
}
