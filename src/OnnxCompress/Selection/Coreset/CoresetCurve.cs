using OnnxCompress.Dependencies;

namespace OnnxCompress.Selection.Coreset;

/// <summary>What a coreset of each width costs, before it is drawn.</summary>
internal static class CoresetCurve
{
    /// <summary>
    /// The expected error of every width. A sample of m draws estimates a sum <c>sum_j w_j z_j</c> with variance
    /// <c>(sum_j (w_j z_j)^2 / p_j - (sum_j w_j z_j)^2) / m</c>; over the outputs and rows of a consumer that is
    /// <c>(sum_j Q_jj G_jj / p_j - tr(Q G)) / m</c>.
    /// </summary>
    /// <param name="group">The channels.</param>
    /// <param name="sensitivities">What they are drawn by.</param>
    /// <param name="consumers">Moments about zero of what consumers read: no bias takes up constants here.</param>
    public static ChannelCurve Of(ChannelGroup group, ChannelSensitivities sensitivities, IReadOnlyList<ConsumerMoments> consumers)
    {
        var values = sensitivities.Values;
        var stay = group.Channels - group.FreeChannels;
        int[] order = [.. Enumerable.Range(0, group.Channels).OrderBy(c => group.IsFree[c]).ThenByDescending(c => values[c])];
        var total = sensitivities.Total;
        double[] probabilities = [.. values.Select(v => total > 0 ? v / total : 0)];
        var variance = consumers.Select(c => Variance(c, group, probabilities)).ToArray();
        var errors = new double[group.Channels + 1];
        for (var width = group.Channels - 1; width >= 0; width--)
        {
            var draws = CoresetSize.MostWithin(probabilities, Math.Max(0, width - stay));
            var isExact = width - stay >= values.Count(v => v > 0);
            var error = isExact ? 0 : draws == 0 ? 1 : Math.Sqrt(variance.Average() / draws);
            errors[width] = Math.Max(errors[width + 1], error);
        }

        return new ChannelCurve(order, errors, Interpolative.ChannelMixing.SmallestRidge) { Method = CompressionMethod.Coreset };
    }

    /// <summary>Squared relative error of one draw.</summary>
    private static double Variance(ConsumerMoments consumer, ChannelGroup group, double[] probabilities)
    {
        var gram = consumer.Total().Gram;
        var energy = consumer.Energy(gram);
        double single = 0, sampled = 0;
        for (var i = 0; i < gram.Rows; i++)
        {
            var channel = consumer.Consumer.Channels[i];
            if (!group.IsFree[channel])
            {
                continue;
            }

            single += probabilities[channel] > 0 ? consumer.Target[i, i] * gram[i, i] / probabilities[channel] : 0;
            for (var j = 0; j < gram.Columns; j++)
            {
                sampled += group.IsFree[consumer.Consumer.Channels[j]] ? consumer.Target[i, j] * gram[i, j] : 0;
            }
        }

        return energy > 0 ? Math.Max(0, single - sampled) / energy : 0;
    }
}
