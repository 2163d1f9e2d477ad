using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Coreset;

/// <summary>One coreset of a group: which channels stay and what their outgoing weights are multiplied by.</summary>
/// <param name="Factors">For each channel of the group; 0 for those that went and for those that only fill up the width.</param>
/// <param name="IsKept">For each channel of the group.</param>
internal sealed record CoresetDraw(double[] Factors, bool[] IsKept)
{
    /// <summary>A draw with more different channels than fit is drawn again this often, then with fewer draws.</summary>
    private const int Redraws = 64;

    /// <summary>A coreset of each segment of a group.</summary>
    /// <param name="segments">Channels that lie in the same tensors: each is a sum of its own, and sampled by itself.</param>
    /// <param name="isFree">Whether each channel may go.</param>
    /// <param name="widths">How many channels of each segment stay.</param>
    /// <param name="sensitivities">What they are drawn by.</param>
    /// <param name="candidates">Draws to choose from, by <see cref="Error"/>; above 1 the estimate is biased towards it.</param>
    /// <param name="random">Seeded.</param>
    /// <param name="backend">Draws.</param>
    public static CoresetDraw Of(
        IReadOnlyList<int[]> segments, bool[] isFree, IReadOnlyList<int> widths, ChannelSensitivities sensitivities, int candidates, Random random, IDenseBackend backend)
    {
        var draw = new CoresetDraw([.. isFree.Select(free => free ? 0.0 : 1)], [.. isFree.Select(free => !free)]);
        for (var s = 0; s < segments.Count; s++)
        {
            int[] free = [.. segments[s].Where(c => isFree[c])];
            draw.Fill(free, widths[s] - (segments[s].Length - free.Length), sensitivities, candidates, random, backend);
        }

        return draw;
    }

    /// <summary>
    /// Expected relative error of the consumers' outputs if channels were independent and as large as their bounds:
    /// <c>sqrt(sum_j e_j (f_j - 1)^2)</c>. Needs no data.
    /// </summary>
    public double Error(ChannelSensitivities sensitivities) =>
        Math.Sqrt(Factors.Zip(sensitivities.Energies).Sum(p => p.Second * (p.First - 1) * (p.First - 1)));

    private void Fill(int[] free, int width, ChannelSensitivities sensitivities, int candidates, Random random, IDenseBackend backend)
    {
        int[] ordered = [.. free.OrderByDescending(c => sensitivities.Values[c]).ThenBy(c => c)];
        var positive = ordered.Count(c => sensitivities.Values[c] > 0);
        if (positive <= width)
        {
            // What is left out contributes nothing: there is nothing to estimate.
            foreach (var channel in ordered.Take(positive))
            {
                Factors[channel] = 1;
            }
        }
        else if (width > 0)
        {
            var best = Enumerable.Range(0, candidates)
                .Select(_ => Sample(ordered, width, sensitivities.Values, random, backend))
                .MinBy(sample => ordered.Index().Sum(c => sensitivities.Energies[c.Item] * Math.Pow(sample.Factor(c.Index) - 1, 2)))!;
            foreach (var (i, channel) in ordered.Index())
            {
                Factors[channel] = best.Factor(i);
            }
        }

        // Most sensitive first: a reconstruction may use them, the estimate does not.
        foreach (var channel in ordered.OrderByDescending(c => Factors[c] > 0).Take(width))
        {
            IsKept[channel] = true;
        }
    }

    private static ImportanceSample Sample(int[] channels, int width, double[] sensitivities, Random random, IDenseBackend backend)
    {
        var total = channels.Sum(c => sensitivities[c]);
        double[] probabilities = [.. channels.Select(c => sensitivities[c] / total)];
        for (var draws = CoresetSize.MostWithin(probabilities, width); ; draws = Math.Max(1, (int)(0.9 * draws)))
        {
            for (var attempt = 0; attempt < Redraws; attempt++)
            {
                var sample = ImportanceSample.Draw(probabilities, draws, random, backend);
                if (sample.Distinct <= width)
                {
                    return sample;
                }
            }
        }
    }
}
