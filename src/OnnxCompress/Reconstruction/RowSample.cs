namespace OnnxCompress.Reconstruction;

/// <summary>Which rows of a tensor are used: spread evenly, each at a random place of its stretch.</summary>
internal static class RowSample
{
    /// <summary>Chooses rows.</summary>
    /// <param name="available">How many there are.</param>
    /// <param name="wanted">How many to take at most.</param>
    /// <param name="seed">Equal seeds choose equal rows.</param>
    /// <returns>Ascending, without repetitions.</returns>
    public static int[] Choose(int available, int wanted, int seed)
    {
        var rows = new int[Math.Min(available, wanted)];
        // A fixed stride would meet the same column of every image.
        var random = new Random(seed);
        for (var i = 0; i < rows.Length; i++)
        {
            var start = (int)((long)available * i / rows.Length);
            var end = (int)((long)available * (i + 1) / rows.Length);
            rows[i] = random.Next(start, end);
        }

        return rows;
    }
}
