using OnnxCompress.Calibration;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection;

/// <summary>Second moments of channels, about given means where a bias can take up constants.</summary>
/// <param name="Gram"><c>channels x channels</c>: <c>(Z - 1 means^T)^T (Z - 1 means^T)</c>.</param>
/// <param name="Means">The means; null for moments about zero.</param>
/// <param name="Rows">Rows the moments were summed over.</param>
internal sealed record ChannelMoments(Matrix<double> Gram, double[]? Means, long Rows)
{
    /// <summary>Moments of statistics about means.</summary>
    public static ChannelMoments Of(ChannelStatistics statistics, double[]? means)
    {
        var channels = statistics.Channels;
        var gram = new Matrix<double>(channels, channels, [.. statistics.Gram]);
        if (means is not null)
        {
            for (var i = 0; i < channels; i++)
            {
                for (var j = 0; j < channels; j++)
                {
                    gram[i, j] += (statistics.Rows * means[i] * means[j]) - (statistics.Sums[i] * means[j]) - (means[i] * statistics.Sums[j]);
                }
            }
        }

        return new ChannelMoments(gram, means, statistics.Rows);
    }
}
