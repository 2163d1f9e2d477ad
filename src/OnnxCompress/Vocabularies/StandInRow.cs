namespace OnnxCompress.Vocabularies;

/// <summary>For rows that go, one that stays in place of all of them.</summary>
internal static class StandInRow
{
    /// <summary>
    /// The kept row nearest to the mean of those that go, by Euclidean distance; of equally near ones the first. It says least of any
    /// one of them: the nearest of each says something that the text does not (docs/decisions/rows-behind-a-map.md).
    /// </summary>
    /// <param name="values">The table, rows x width, row-major.</param>
    /// <param name="rows">How many rows it has.</param>
    /// <param name="kept">Those that stay, ascending, at least one.</param>
    public static int Of(ReadOnlySpan<float> values, int rows, IReadOnlyList<int> kept)
    {
        var width = values.Length / rows;
        var (mean, stays) = (new double[width], kept.ToHashSet());
        for (var r = 0; r < rows; r++)
        {
            for (var i = 0; i < width && !stays.Contains(r); i++)
            {
                mean[i] += (double)values[(r * width) + i] / (rows - kept.Count);
            }
        }

        var (nearest, least) = (kept[0], double.PositiveInfinity);
        foreach (var r in kept)
        {
            double distance = 0;
            for (var i = 0; i < width; i++)
            {
                var difference = values[(r * width) + i] - mean[i];
                distance += difference * difference;
            }

            (nearest, least) = distance < least ? (r, distance) : (nearest, least);
        }

        return nearest;
    }
}
