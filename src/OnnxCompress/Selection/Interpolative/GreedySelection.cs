using OnnxCompress.Dependencies;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// Forward greedy column selection from Gram matrices: each step keeps the channel with the best score and lets it
/// explain the others (the steps of a pivoted Cholesky factorisation). One run orders all channels and gives the error
/// of every width.
/// </summary>
internal static class GreedySelection
{
    /// <summary>With this many rows for each channel a ridge cannot help, and none is tried.</summary>
    private const int AmpleRowsPerChannel = 100;

    private static readonly double[] Ridges = [ChannelMixing.SmallestRidge, 1e-2];

    /// <summary>Orders the channels of a group, with the ridge that does best on the fold it was not fitted to.</summary>
    /// <param name="group">The channels.</param>
    /// <param name="consumers">One entry for each of the group's consumers; not changed.</param>
    /// <param name="rule">
    /// <see cref="ChannelSelection.Target"/>: the channel that explains most of the consumers' outputs, each relative to
    /// its output's energy. <see cref="ChannelSelection.PivotedQr"/>: the largest residual diagonal (Chee et al. 2022).
    /// </param>
    /// <param name="cancellation">Stops between steps.</param>
    public static ChannelCurve Run(
        ChannelGroup group, IReadOnlyList<ConsumerMoments> consumers, ChannelSelection rule, CancellationToken cancellation)
    {
        var isAmple = consumers.All(c => c.Rows >= (long)AmpleRowsPerChannel * c.Consumer.Channels.Length);
        if (isAmple)
        {
            return Run(group, Folded(consumers, group, Ridges[0]), rule, Ridges[0], cancellation);
        }

        var judged = Ridges.Select(ridge => Run(group, Folded(consumers, group, ridge), rule, ridge, cancellation)).MinBy(curve => curve.Errors.Sum())!;
        // With few rows every one counts: the errors are those of the folds, the order is that of all data.
        var whole = consumers.Select(c => (Moments: c, All: c.Total())).Select(c => new ConsumerResidual(c.Moments, group.Channels, c.All, c.All, judged.Ridge));
        return judged with { Order = Run(group, [.. whole], rule, judged.Ridge, cancellation).Order };
    }

    private static ConsumerResidual[] Folded(IReadOnlyList<ConsumerMoments> consumers, ChannelGroup group, double ridge) =>
        [.. consumers.Select(c => (Moments: c, Fit: c.Fit())).Select(c => new ConsumerResidual(c.Moments, group.Channels, c.Fit, c.Moments.Check() ?? c.Fit, ridge))];

    private static ChannelCurve Run(
        ChannelGroup group, ConsumerResidual[] residuals, ChannelSelection rule, double ridge, CancellationToken cancellation)
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
