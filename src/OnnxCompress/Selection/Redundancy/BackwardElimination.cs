using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Redundancy;

/// <summary>
/// Backward elimination (Shah, Olivier and Raj 2020): channels that depend on others go first, then, one at a time, the
/// channel whose loss costs the consumers least once the others have taken over. One run orders all channels and gives
/// the error of every width. The released code regresses each channel on the others by gradient descent and then removes
/// several by one fit, which is wrong from the second on; here every removal is followed by the exact update.
/// </summary>
internal static class BackwardElimination
{
    /// <summary>Orders the channels of a group, with the ridge that does best on the fold it was not fitted to.</summary>
    /// <param name="group">The channels.</param>
    /// <param name="consumers">One entry for each of the group's consumers; not changed.</param>
    /// <param name="backend">Factorises.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static ChannelCurve Run(ChannelGroup group, IReadOnlyList<ConsumerMoments> consumers, IDenseBackend backend, CancellationToken cancellation)
    {
        ChannelCurve At(double ridge, Func<ConsumerMoments, (ChannelMoments Fit, ChannelMoments Judged)> folds)
        {
            var moments = consumers.Select(c => (Moments: c, Folds: folds(c))).ToArray();
            var dependent = DependentChannels.Find(group, [.. moments.Select(c => (c.Moments.Consumer, c.Folds.Fit.Gram))], backend);
            var isLeft = Enumerable.Range(0, group.Channels).Select(c => !dependent.Contains(c)).ToArray();
            ConsumerElimination[] eliminations =
                [.. moments.Select(c => new ConsumerElimination(c.Moments, group.Channels, c.Folds.Fit, c.Folds.Judged, ridge, isLeft, backend))];
            return Run(group, eliminations, dependent, ridge, cancellation);
        }

        return RidgeChoice.Best(consumers, At);
    }

    private static ChannelCurve Run(
        ChannelGroup group, ConsumerElimination[] eliminations, int[] dependent, double ridge, CancellationToken cancellation)
    {
        var errors = new double[group.Channels + 1];
        var isLeft = Enumerable.Repeat(true, group.Channels).ToArray();
        var removed = new List<int>(dependent);
        foreach (var channel in dependent)
        {
            isLeft[channel] = false;
        }

        var independent = group.Channels - dependent.Length;
        // Widths among the dependent ones are held to be no better than none of them.
        Array.Fill(errors, Error(eliminations), independent, dependent.Length);
        for (var width = independent; width > group.Channels - group.FreeChannels; width--)
        {
            cancellation.ThrowIfCancellationRequested();
            var next = Cheapest(eliminations, channel => isLeft[channel] && group.IsFree[channel], group.Channels);
            isLeft[next] = false;
            removed.Add(next);
            foreach (var elimination in eliminations)
            {
                elimination.Drop(next);
            }

            // On the judged fold one channel less can do good; the narrower choice is never held to be better.
            errors[width - 1] = Math.Max(errors[width], Error(eliminations));
        }

        Array.Fill(errors, errors[group.Channels - group.FreeChannels], 0, group.Channels - group.FreeChannels);
        int[] order = [.. Enumerable.Range(0, group.Channels).Where(c => isLeft[c]), .. removed.AsEnumerable().Reverse()];
        return new ChannelCurve(order, errors, ridge) { Method = CompressionMethod.Redundancy };
    }

    private static int Cheapest(ConsumerElimination[] eliminations, Func<int, bool> isCandidate, int channels)
    {
        var best = -1;
        var bestCost = double.PositiveInfinity;
        for (var channel = 0; channel < channels; channel++)
        {
            if (!isCandidate(channel))
            {
                continue;
            }

            var cost = eliminations.Sum(e => e.Cost(channel));
            // Ties go to the lowest index.
            if (best < 0 || cost < bestCost)
            {
                (best, bestCost) = (channel, cost);
            }
        }

        return best;
    }

    private static double Error(ConsumerElimination[] eliminations) => Math.Sqrt(eliminations.Average(e => e.SquaredError));
}
