using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Coreset;

/// <summary>Draws with replacement by given probabilities.</summary>
/// <param name="Draws">m, fixed beforehand: a number of draws that depends on what was drawn would bias the estimate.</param>
/// <param name="Counts">How often each item was drawn.</param>
/// <param name="Probabilities">What it was drawn by.</param>
internal sealed record ImportanceSample(int Draws, int[] Counts, double[] Probabilities)
{
    /// <summary>Different items drawn.</summary>
    public int Distinct => Counts.Count(c => c > 0);

    /// <summary><c>count / (m p)</c>: with it, the sum over what was drawn estimates the sum over all without bias.</summary>
    public double Factor(int item) => Counts[item] > 0 ? Counts[item] / (Draws * Probabilities[item]) : 0;

    /// <summary>Draws.</summary>
    /// <param name="probabilities">Sum to 1; zeros are never drawn.</param>
    /// <param name="draws">m.</param>
    /// <param name="random">Seeded.</param>
    /// <param name="backend">Finds what the numbers draw.</param>
    public static ImportanceSample Draw(double[] probabilities, int draws, Random random, IDenseBackend backend)
    {
        var cumulative = new double[probabilities.Length];
        double sum = 0;
        for (var i = 0; i < cumulative.Length; i++)
        {
            cumulative[i] = sum += probabilities[i];
        }

        var points = new double[draws];
        for (var draw = 0; draw < draws; draw++)
        {
            // Rounding may reach the sum itself, above which there is no item.
            points[draw] = Math.Min(random.NextDouble() * sum, Math.BitDecrement(sum));
        }

        var items = new int[draws];
        backend.Locate(cumulative, points, items);
        var counts = new int[probabilities.Length];
        foreach (var item in items)
        {
            counts[item]++;
        }

        return new ImportanceSample(draws, counts, probabilities);
    }
}
