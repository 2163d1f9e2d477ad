using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// Forward greedy column selection from Gram matrices: each step keeps the channel with the best score and lets it
/// explain the others (the steps of a pivoted Cholesky factorisation). One run orders all channels and gives the error
/// of every width.
/// </summary>
internal static class GreedySelection
{
    /// <summary>Orders the channels of a group, with the ridge that does best on the fold it was not fitted to.</summary>
    /// <param name="group">The channels.</param>
    /// <param name="consumers">One entry for each of the group's consumers; not changed.</param>
    /// <param name="rule">
    /// <see cref="ChannelSelection.Target"/>: the channel that explains most of the consumers' outputs, each relative to
    /// its output's energy. <see cref="ChannelSelection.PivotedQr"/>: the largest residual diagonal (Chee et al. 2022).
    /// </param>
    /// <param name="backend">Multiplies.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static ChannelCurve Run(
        ChannelGroup group, IReadOnlyList<ConsumerMoments> consumers, ChannelSelection rule, IDenseBackend backend, CancellationToken cancellation)
    {
        ChannelCurve At(double ridge, IReadOnlyList<ConsumerFolds> folds)
        {
            var order = new int[group.Channels];
            // Channels that must stay come first: what they explain is free.
            var mustStay = group.IsFree.Count(free => !free);
            var isTaken = new bool[group.Channels];
            var errors = Errors(
                order.Length,
                () => [.. folds.Select(f => new ConsumerResidual(f, group.Channels, ridge, rule == ChannelSelection.Target, backend))],
                (residuals, k) =>
                {
                    order[k] = Next(residuals, rule, channel => !isTaken[channel] && (k >= mustStay || !group.IsFree[channel]), order.Length);
                    isTaken[order[k]] = true;
                    return order[k];
                },
                cancellation);
            for (var k = 0; k < order.Length; k++)
            {
                // On the judged fold one more channel can do harm; the wider choice is never held to be worse.
                errors[k + 1] = Math.Min(errors[k], errors[k + 1]);
            }

            return new ChannelCurve(order, errors, ridge);
        }

        return RidgeChoice.Best(consumers, At, backend, cancellation);
    }

    /// <summary>What is lost on the judged fold with the first 0, 1, ... channels of an order.</summary>
    /// <param name="order">All channels of a group.</param>
    /// <param name="open">Makes what the consumers have left to explain.</param>
    /// <param name="cancellation">Stops between steps.</param>
    public static double[] Errors(int[] order, Func<ConsumerResidual[]> open, CancellationToken cancellation) =>
        Errors(order.Length, open, (_, k) => order[k], cancellation);

    private static double[] Errors(int channels, Func<ConsumerResidual[]> open, Func<ConsumerResidual[], int, int> next, CancellationToken cancellation)
    {
        var errors = new double[channels + 1];
        var residuals = open();
        try
        {
            errors[0] = Error(residuals);
            for (var k = 0; k < channels; k++)
            {
                cancellation.ThrowIfCancellationRequested();
                var channel = next(residuals, k);
                foreach (var residual in residuals)
                {
                    residual.Take(channel);
                }

                errors[k + 1] = Error(residuals);
            }

            return errors;
        }
        finally
        {
            Array.ForEach(residuals, residual => residual.Dispose());
        }
    }

    private static int Next(ConsumerResidual[] residuals, ChannelSelection rule, Func<int, bool> isCandidate, int channels)
    {
        var best = -1;
        var bestScore = double.NegativeInfinity;
        for (var channel = 0; channel < channels; channel++)
        {
            if (!isCandidate(channel))
            {
                continue;
            }

            double score = 0;
            foreach (var residual in residuals)
            {
                score += rule == ChannelSelection.Target ? residual.TargetScore(channel) : residual.NormScore(channel);
            }

            // Ties go to the lowest index.
            if (score > bestScore)
            {
                (best, bestScore) = (channel, score);
            }
        }

        return best;
    }

    private static double Error(ConsumerResidual[] residuals) => Math.Sqrt(residuals.Average(r => r.SquaredError));
}
