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
        ChannelCurve At(double ridge, Func<ConsumerMoments, (ChannelMoments Fit, ChannelMoments Judged)> folds)
        {
            var residuals = new List<ConsumerResidual>();
            try
            {
                foreach (var consumer in consumers)
                {
                    var (fit, judged) = folds(consumer);
                    residuals.Add(new(consumer, group.Channels, fit, judged, ridge, rule == ChannelSelection.Target, backend));
                }

                return Run(group, residuals, rule, ridge, cancellation);
            }
            finally
            {
                residuals.ForEach(residual => residual.Dispose());
            }
        }

        return RidgeChoice.Best(consumers, At);
    }

    private static ChannelCurve Run(
        ChannelGroup group, List<ConsumerResidual> residuals, ChannelSelection rule, double ridge, CancellationToken cancellation)
    {
        var order = new int[group.Channels];
        var errors = new double[group.Channels + 1];
        var isTaken = new bool[group.Channels];
        // Channels that must stay come first: what they explain is free.
        var mustStay = group.IsFree.Count(free => !free);
        errors[0] = Error(residuals);
        for (var k = 0; k < order.Length; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            var next = Next(residuals, rule, channel => !isTaken[channel] && (k >= mustStay || !group.IsFree[channel]), order.Length);
            isTaken[next] = true;
            order[k] = next;
            foreach (var residual in residuals)
            {
                residual.Take(next);
            }

            // On the judged fold one more channel can do harm; the wider choice is never held to be worse.
            errors[k + 1] = Math.Min(errors[k], Error(residuals));
        }

        return new ChannelCurve(order, errors, ridge);
    }

    private static int Next(List<ConsumerResidual> residuals, ChannelSelection rule, Func<int, bool> isCandidate, int channels)
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

    private static double Error(List<ConsumerResidual> residuals) => Math.Sqrt(residuals.Average(r => r.SquaredError));
}
