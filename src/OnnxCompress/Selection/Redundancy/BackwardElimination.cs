using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.Interpolative;

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
        ChannelCurve At(double ridge, IReadOnlyList<ConsumerFolds> folds)
        {
            var dependent = DependentChannels.Find(group, [.. folds.Select(f => (f.Moments.Consumer, f.Fit))], backend);
            var isLeft = Enumerable.Range(0, group.Channels).Select(c => !dependent.Contains(c)).ToArray();
            var order = Order(group, dependent, () => [.. folds.Select(f => new ConsumerElimination(f.Moments, group.Channels, f.Fit, ridge, isLeft, backend))], cancellation);
            // Kept channels are the first of the order at every width, so that one forward run over it states all errors.
            var errors = folds.Any(f => f.Judged is null)
                ? new double[group.Channels + 1]
                : GreedySelection.Errors(order, () => [.. folds.Select(f => new ConsumerResidual(f, group.Channels, ridge, isScored: false, backend))], cancellation);
            return new ChannelCurve(order, Held(errors, group, dependent.Length), ridge) { Method = CompressionMethod.Redundancy };
        }

        return RidgeChoice.Best(consumers, At, backend, cancellation);
    }

    /// <summary>Channels that stay, then those that went, the last first.</summary>
    private static int[] Order(ChannelGroup group, int[] dependent, Func<ConsumerElimination[]> open, CancellationToken cancellation)
    {
        var isLeft = Enumerable.Repeat(true, group.Channels).ToArray();
        var removed = new List<int>(dependent);
        foreach (var channel in dependent)
        {
            isLeft[channel] = false;
        }

        var eliminations = open();
        try
        {
            for (var width = group.Channels - dependent.Length; width > group.Channels - group.FreeChannels; width--)
            {
                cancellation.ThrowIfCancellationRequested();
                var next = Cheapest(eliminations, channel => isLeft[channel] && group.IsFree[channel], group.Channels);
                isLeft[next] = false;
                removed.Add(next);
                foreach (var elimination in eliminations)
                {
                    elimination.Drop(next);
                }
            }
        }
        finally
        {
            Array.ForEach(eliminations, elimination => elimination.Dispose());
        }

        return [.. Enumerable.Range(0, group.Channels).Where(c => isLeft[c]), .. removed.AsEnumerable().Reverse()];
    }

    /// <summary>Errors of the widths as they are held to be.</summary>
    private static double[] Held(double[] errors, ChannelGroup group, int dependent)
    {
        var independent = group.Channels - dependent;
        // Widths among the dependent ones are held to be no better than none of them.
        Array.Fill(errors, errors[independent], independent, dependent);
        for (var width = independent; width > group.Channels - group.FreeChannels; width--)
        {
            // On the judged fold one channel less can do good; the narrower choice is never held to be better.
            errors[width - 1] = Math.Max(errors[width], errors[width - 1]);
        }

        Array.Fill(errors, errors[group.Channels - group.FreeChannels], 0, group.Channels - group.FreeChannels);
        return errors;
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
}
