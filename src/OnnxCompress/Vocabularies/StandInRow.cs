namespace OnnxCompress.Vocabularies;

/// <summary>For rows that go, one that stays in place of all of them.</summary>
internal static class StandInRow
{
    /// <summary>Of the mean length of rows that go, as much a stand-in has at least: that of padding is next to nothing, and reads as if the word were not there.</summary>
    private const double ShortestShare = 0.5;

    /// <summary>
    /// The kept row nearest to the mean of those that go, by Euclidean distance, of those that are about as long; of equally near ones the
    /// first. Where all are shorter, the nearest of all.
    /// </summary>
    /// <param name="values">The table, rows x width, row-major.</param>
    /// <param name="rows">How many rows it has.</param>
    /// <param name="kept">Those that stay, ascending, at least one.</param>
    public static int Of(ReadOnlySpan<float> values, int rows, IReadOnlyList<int> kept)
    {
        var width = values.Length / rows;
        var (mean, length, stays) = (new double[width], 0.0, kept.ToHashSet());
        for (var r = 0; r < rows; r++)
        {
            if (!stays.Contains(r))
            {
                var row = values.Slice(r * width, width);
                length += Distance(row, []) / (rows - kept.Count);
                for (var i = 0; i < width; i++)
                {
                    mean[i] += (double)row[i] / (rows - kept.Count);
                }
            }
        }

        var (nearest, least) = (kept[0], (IsShort: true, Distance: double.PositiveInfinity));
        foreach (var r in kept)
        {
            var row = values.Slice(r * width, width);
            var near = (IsShort: Distance(row, []) < ShortestShare * length, Distance: Distance(row, mean));
            (nearest, least) = near.CompareTo(least) < 0 ? (r, near) : (nearest, least);
        }

        return nearest;
    }

    private static double Distance(ReadOnlySpan<float> row, double[] from)
    {
        double squares = 0;
        for (var i = 0; i < row.Length; i++)
        {
            var difference = row[i] - (from.Length > 0 ? from[i] : 0);
            squares += difference * difference;
        }

        return Math.Sqrt(squares);
    }
}
