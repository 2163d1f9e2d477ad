namespace OnnxCompress.Samples;

/// <summary>
/// Divides samples into two folds, one to fit and one to judge, by their content: where a sample stands, and in which file,
/// does not matter, so that statistics of parts of the data add up to those of the whole, fold by fold.
/// </summary>
internal static class SampleFolds
{
    /// <summary>One sample in so many judges what the others are fitted to.</summary>
    public const int CheckEvery = 4;

    // Unrelated to the division into statistics, validation and guard, which uses the user's seed, never negative.
    private const int Seed = int.MinValue;

    /// <summary>Indices of both folds; neither is empty when there are two batches.</summary>
    /// <param name="samples">The samples.</param>
    /// <param name="batch">The batch that the model fixes, or 1: folds are made of whole batches, so that few have to be filled up.
    /// Only with 1 do parts add up exactly.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static (int[] Fit, int[] Check) Of(ISampleSource samples, int batch, CancellationToken cancellation)
    {
        var hashes = new ulong[samples.Count];
        for (var index = 0; index < hashes.Length; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            hashes[index] = SampleContent.Hash(samples, index, Seed);
        }

        // The fold that the content says, and within it a fixed order.
        int Fold(int index) => hashes[index] % CheckEvery == CheckEvery - 1 ? 0 : 1;
        var ranked = Enumerable.Range(0, hashes.Length).OrderBy(Fold).ThenBy(index => hashes[index]).ThenBy(index => index).ToArray();
        var check = ranked.Count(index => Fold(index) == 0);
        if (check == 0 || check == ranked.Length)
        {
            // Few samples, or many equal ones, fell on one side.
            check = ranked.Length / CheckEvery;
        }

        var whole = Math.Max(1, check / batch) * batch;
        check = whole < ranked.Length ? whole : ranked.Length > batch ? batch : 0;
        return ([.. ranked[check..].Order()], [.. ranked[..check].Order()]);
    }
}
