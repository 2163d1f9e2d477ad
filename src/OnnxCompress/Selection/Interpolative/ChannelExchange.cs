using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// Swaps kept for removed channels while that makes the consumers' error smaller: the passes that Gu and Eisenstat (1996,
/// Efficient algorithms for computing a strong rank-revealing QR factorization) put behind a greedy choice, which alone
/// can be off by a factor exponential in the number of steps.
/// </summary>
internal static class ChannelExchange
{
    /// <summary>Smaller gains than this share of the error are noise of the data.</summary>
    private const double SmallestGain = 1e-3;

    /// <summary>The channels that stay after the swaps; as many of each segment as before.</summary>
    /// <param name="group">The channels.</param>
    /// <param name="consumers">What the group's consumers make of a choice.</param>
    /// <param name="kept">The choice to begin with; not changed.</param>
    /// <param name="cancellation">Stops between swaps.</param>
    public static bool[] Improve(ChannelGroup group, IReadOnlyList<ExchangeGains> consumers, bool[] kept, CancellationToken cancellation)
    {
        kept = [.. kept];
        var segmentOf = group.SegmentOf();
        // Each swap makes the error smaller, so none comes twice; the limit bounds the time only.
        for (var swaps = 0; swaps < group.Channels; swaps++)
        {
            cancellation.ThrowIfCancellationRequested();
            int[] stay = [.. Enumerable.Range(0, kept.Length).Where(c => kept[c])];
            int[] go = [.. Enumerable.Range(0, kept.Length).Where(c => !kept[c])];
            var changes = new Matrix<double>(stay.Length, go.Length);
            double error = 0;
            foreach (var consumer in consumers)
            {
                if (consumer.Add(kept, changes) is not { } share)
                {
                    return kept;
                }

                error += share;
            }

            var (s, j) = Best(group, segmentOf, stay, go, changes);
            if (s < 0 || changes[s, j] > -SmallestGain * error)
            {
                return kept;
            }

            (kept[stay[s]], kept[go[j]]) = (false, true);
        }

        return kept;
    }

    private static (int Kept, int Removed) Best(ChannelGroup group, int[] segmentOf, int[] stay, int[] go, Matrix<double> changes)
    {
        var best = (Kept: -1, Removed: -1);
        for (var s = 0; s < stay.Length; s++)
        {
            for (var j = 0; j < go.Length && group.IsFree[stay[s]]; j++)
            {
                if (segmentOf[stay[s]] == segmentOf[go[j]] && (best.Kept < 0 || changes[s, j] < changes[best.Kept, best.Removed]))
                {
                    best = (s, j);
                }
            }
        }

        return best;
    }
}
