using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Selection;

namespace OnnxCompress;

/// <summary>What happened at one site.</summary>
/// <param name="Site">Its name.</param>
/// <param name="Method">The method that was used.</param>
/// <param name="Kept">Channels that stay; null for a split layer.</param>
/// <param name="Of">Channels there were; for a split layer, the rank it could have had.</param>
/// <param name="Rank">Channels between the factors of a split layer; null when no layer was split.</param>
/// <param name="Split">Form and sizes of the split; null when no layer was split.</param>
/// <param name="PredictedError">Relative error of the rewritten layers' outputs from the statistics, before other sites changed.</param>
/// <param name="MeasuredError">The same in the compressed network on calibration rows.</param>
public sealed record SiteOutcome(
    string Site, CompressionMethod Method, int? Kept, int Of, int? Rank, SplitShape? Split, double PredictedError, double MeasuredError)
{
    internal static SiteOutcome From(SitePlan plan, double measuredError) => plan switch
    {
        ChannelPlan c => new(c.Site, c.Method, c.Kept.Count, c.Of, null, null, c.PredictedError, measuredError),
        SplitPlan s => new(s.Site, s.Method, null, s.LargestRank, s.Shape.Rank * s.Shape.Groups, s.Shape, s.PredictedError, measuredError),
        _ => throw new ArgumentException($"A plan of kind {plan.GetType().Name}.", nameof(plan)),
    };
}
