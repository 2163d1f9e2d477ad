namespace OnnxCompress.Verification.Decisions;

/// <summary>
/// The agreement to expect of samples that are less clear than these. Calibration data are often training data, which a network
/// decides with wide margins: there hardly a decision changes until unseen data change many. With the drift taken k times, about k
/// times as many change where margins are spread evenly, so the largest share by k is what narrower margins would show.
/// docs/decisions/cautious-agreement.md has what it was held against.
/// </summary>
internal static class CautiousFigure
{
    /// <summary>Beyond this the drift is not stretched to count changes, only to see whether there is a drift that matters.</summary>
    private const int FarthestCounted = 10;

    // What few samples cannot see: one decision more, or two in a thousand where there are not as many.
    private const double MostUnseen = 0.002;

    /// <summary>The figure; null when nothing decides, or drift could not be stretched.</summary>
    /// <param name="decided">For each of <see cref="OutputDecisions.Times"/> the decisions made.</param>
    /// <param name="agreeing">Those that stayed the same.</param>
    public static double? Of(ReadOnlySpan<long> decided, ReadOnlySpan<long> agreeing)
    {
        var (worst, isMoved) = (0.0, false);
        for (var i = 0; i < decided.Length; i++)
        {
            if (decided[i] == 0)
            {
                return null;
            }

            var times = OutputDecisions.Times[i];
            var changed = 1 - ((double)agreeing[i] / decided[i]);
            isMoved |= changed > 0;
            if (times <= FarthestCounted)
            {
                // Chance has moved what was counted as it is; what is divided by k it moves by less.
                var chance = times == 1 ? Math.Sqrt(changed * (1 - changed) / decided[i]) : 0;
                worst = Math.Max(worst, (changed / times) + chance);
            }
        }

        return isMoved ? Math.Max(0, 1 - worst - Math.Min(MostUnseen, 1.0 / decided[0])) : 1;
    }
}
