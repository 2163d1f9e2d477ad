using OnnxCompress.Calibration;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Selection.Scores;

namespace OnnxCompress;

/// <summary>Prices all that could go of a model.</summary>
/// <param name="tools">What it works with.</param>
/// <param name="prepared">The model.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="outputs">What least squares fits to; null where nothing is fitted.</param>
internal sealed class SitePricing(PipelineTools tools, PreparedModel prepared, CalibrationStatistics statistics, OriginalOutputs? outputs)
{
    /// <summary>The curves of all sites.</summary>
    /// <param name="options">Methods and rules.</param>
    /// <param name="cacheFolder">Where curves are kept for the next run; null for nowhere.</param>
    /// <param name="cancellation">Stops between sites.</param>
    public SiteCurves Curves(SelectionOptions options, string? cacheFolder, CancellationToken cancellation)
    {
        var (model, analysis) = (prepared.Model, prepared.Analysis);
        var isSplit = options.Methods.Contains(CompressionMethod.LowRank);
        var cache = cacheFolder is { } folder && CurveCache.KeyOf(model, analysis, statistics, options) is { } key ? new CurveCache(folder, key) : null;
        var known = cache?.Find(analysis);
        var curves = new SiteCurves(
            new ChannelSelector(model, analysis, statistics, tools.Backend, options) { Known = known?.Channels ?? [] }.Select(cancellation),
            isSplit ? new SplitSelector(model, analysis, statistics, tools.Decompositions, options) { Known = known?.Splits ?? [] }.Select(cancellation) : []);
        if (known is null)
        {
            cache?.Keep(KnownCurves.Of(curves));
        }

        curves = !isSplit ? curves : curves with
        {
            Channels = [.. curves.Channels, .. new ScoreSelector(model, analysis, statistics, tools.Backend, options).Select(cancellation)],
            Felt = FeltErrors.Of(model, analysis, statistics),
        };
        return options.Methods.Contains(CompressionMethod.Depth) && outputs is not null
            ? new BranchSelector(analysis, outputs, tools.Backend, options).AddTo(curves, cancellation)
            : curves;
    }
}
