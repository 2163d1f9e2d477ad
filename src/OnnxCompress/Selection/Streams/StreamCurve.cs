using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Streams;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.Interpolative;

namespace OnnxCompress.Selection.Streams;

/// <summary>
/// What the readers of a residual stream lose when its last directions go: what least squares on those that stay leaves of their outputs,
/// on the fold it was not fitted to, and what normalisations make of the sum of squares that goes with them.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
internal sealed class StreamCurve(OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend)
{
    /// <summary>The curve of a group of channels that are a stream, in its basis.</summary>
    public ChannelCurve Of(ChannelGroup group, CancellationToken cancellation)
    {
        var stream = group.Stream!;
        var basis = StreamBasis.Of(stream, statistics, backend);
        var turned = model.Clone();
        _ = new StreamWeights(stream, backend).Turn(turned.Graph, basis.Directions);
        var seen = basis.Turn(statistics, basis.Directions, analysis.Relations);
        var consumers = group.ConsumerLayers.Select(c => new ConsumerMoments(c, turned.Graph, seen, backend, centre: true)).ToArray();
        int[] order = [.. Enumerable.Range(0, group.Channels)];
        var best = RidgeChoice.Best(
            consumers,
            (ridge, folds) => new ChannelCurve(order, GreedySelection.Errors(order, () => [.. folds.Select(f => new ConsumerResidual(f, group.Channels, ridge, isScored: false, backend))], cancellation), ridge),
            backend,
            cancellation);
        return best with { Order = order, Errors = WithSizes(best.Errors, Lost(stream, seen), stream.IsCentred ? 1 : 0), Method = CompressionMethod.LowRank };
    }

    /// <summary>
    /// Errors by channels. A normalisation divides by what is left of the sum of squares: where a share l of it goes, and about as much
    /// varies from row to row, what it makes is off by l / 2 beyond the constant factor that is made up for.
    /// </summary>
    private static double[] WithSizes(double[] errors, double[] lost, int unused)
    {
        var all = new double[errors.Length];
        for (var channels = 0; channels < errors.Length; channels++)
        {
            // All of them are the stream as it is.
            var directions = channels == errors.Length - 1 ? channels : Math.Max(0, channels - unused);
            all[channels] = Math.Sqrt((errors[directions] * errors[directions]) + (lost[directions] * lost[directions] / 4));
        }

        for (var channels = 1; channels < all.Length; channels++)
        {
            all[channels] = Math.Min(all[channels - 1], all[channels]);
        }

        return all;
    }

    /// <summary>The share of the sum of squares that goes when so many directions stay; root mean square over what is normalised.</summary>
    private static double[] Lost(ResidualStream stream, CalibrationStatistics seen)
    {
        var lost = new double[stream.Width + 1];
        var readers = stream.Readers.Where(r => r.Norm is not null).ToArray();
        foreach (var reader in readers)
        {
            var gram = seen.Of(ChannelTap.Of(reader, stream.Width) with { Unscaled = null }).Total().Gram;
            var left = new double[stream.Width + 1];
            for (var k = stream.Width - 1; k >= 0; k--)
            {
                left[k] = left[k + 1] + gram[k * (stream.Width + 1)];
            }

            for (var k = 0; k <= stream.Width && left[0] > 0; k++)
            {
                lost[k] += left[k] / left[0] * (left[k] / left[0]) / readers.Length;
            }
        }

        return [.. lost.Select(Math.Sqrt)];
    }
}
