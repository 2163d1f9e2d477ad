using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Selection.Coreset;

/// <summary>
/// What stands in for statistics when there are no data: channels are independent and as large as the bounds that their
/// weights imply for inputs of unit size. With them no channel can stand in for another, interpolative decomposition keeps
/// the channels with the largest product of incoming and outgoing weights, and predicted errors are those of white inputs.
/// </summary>
internal static class WhiteStatistics
{
    /// <summary>So many that no ridge is tried.</summary>
    private const long Rows = 1 << 20;

    /// <summary>Statistics of every tensor that a group's consumers read.</summary>
    public static CalibrationStatistics Of(OnnxModel model, ModelAnalysis analysis)
    {
        var statistics = new CalibrationStatistics(model.SourceSha256);
        var bounds = new ChannelBounds(analysis.Relations, new PointNorms(analysis, new CalibrationStatistics(model.SourceSha256)));
        var discarded = new DiscardedMemory();
        foreach (var group in analysis.Groups)
        {
            var taps = group.ConsumerLayers.SelectMany(c => ChannelTap.AllOf(c).Select(tap => (Consumer: c, tap.Key)));
            foreach (var (consumer, key) in taps.DistinctBy(t => t.Key, StringComparer.Ordinal))
            {
                var sizes = bounds.Of(consumer, group);
                var gram = new float[sizes.Length * sizes.Length];
                for (var c = 0; c < sizes.Length; c++)
                {
                    gram[c * (sizes.Length + 1)] = (float)(Rows * sizes[c] * sizes[c]);
                }

                discarded.Add(sizeof(float) * ((long)gram.Length + model.Graph.Constant(consumer.Layer.Weight)!.Count));
                statistics.Open(key, sizes.Length).Fit.Add(gram, new float[sizes.Length], Rows);
            }
        }

        return statistics;
    }
}
