using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Selection;

/// <summary>Curves without the model that they belong to.</summary>
/// <param name="Channels">One for each group of channels, in the order of the analysis; none where no method chooses channels.</param>
/// <param name="Splits">One for each layer that can be split, in the order of the model; none where splits are not asked for.</param>
internal sealed record KnownCurves(IReadOnlyList<ChannelCurve> Channels, IReadOnlyList<IReadOnlyList<SplitOption>> Splits)
{
    /// <summary>Those of sites.</summary>
    public static KnownCurves Of(SiteCurves curves) => new([.. curves.Channels.Select(c => c.Curve)], [.. curves.Splits.Select(s => s.Options)]);
}
