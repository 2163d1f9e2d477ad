namespace OnnxCompress.Verification.Decisions;

/// <summary>
/// The agreement to expect of samples that are less clear than these. Calibration data are often training data, which a network
/// decides with wide margins: there hardly a decision changes until unseen data change many. With the drift taken k times, about k
/// times as many change where margins are spread evenly, so the share by k is what narrower margins would show. It is averaged over
/// ranges of k, which makes it smoother than a count, and the largest average is taken.
/// docs/decisions/cautious-agreement.md has what it was held against.
/// </summary>
internal static class CautiousFigure
{
    // What unseen data may lose beyond the estimate.
    private const double Least = 0.003;

    // The quantile of the normal distribution that four of five stay below: the chance in few samples, where that is more.
    private const double Quantile = 0.84;

    // Ranges of k, averaged evenly on the scale of its logarithm: narrow margins show at once, wide ones only far out.
    private static readonly (int From, int To)[] Ranges = [(1, 4), (2, 8), (5, 20)];

    /// <summary>The figure; null when nothing decides, or drift could not be stretched.</summary>
    /// <param name="decided">For each of <see cref="OutputDecisions.Times"/> the decisions made.</param>
    /// <param name="agreeing">Those that stayed the same.</param>
    public static double? Of(ReadOnlySpan<long> decided, ReadOnlySpan<long> agreeing)
    {
        var changed = new double[decided.Length];
        for (var i = 0; i < decided.Length; i++)
        {
            if (decided[i] == 0)
            {
                return null;
            }

            changed[i] = 1 - ((double)agreeing[i] / decided[i]);
        }

        if (Array.TrueForAll(changed, share => share == 0))
        {
            return 1;
        }

        var worst = Math.Max(changed[0], Ranges.Max(range => Average(changed, range.From, range.To)));
        return Math.Max(0, 1 - worst - Math.Max(Least, Quantile * Math.Sqrt(worst * (1 - worst) / decided[0])));
    }

    /// <summary>The mean of the share by k over a range, by trapezoids over the logarithm of k.</summary>
    private static double Average(double[] changed, int from, int to)
    {
        double area = 0;
        for (var i = 1; i < changed.Length; i++)
        {
            var (before, times) = (OutputDecisions.Times[i - 1], OutputDecisions.Times[i]);
            if (before >= from && times <= to)
            {
                area += ((changed[i - 1] / before) + (changed[i] / times)) / 2 * Math.Log((double)times / before);
            }
        }

        return area / Math.Log((double)to / from);
    }
}
