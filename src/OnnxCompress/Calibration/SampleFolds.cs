using OnnxCompress.Calibration.Data;

namespace OnnxCompress.Calibration;

/// <summary>
/// Divides samples into the two folds of <see cref="TapStatistics"/> by their content: where a sample stands, and in which file,
/// does not matter, so that statistics of parts of the data add up to those of the whole, fold by fold.
/// </summary>
internal static class SampleFolds
{
    /// <summary>One sample in so many judges what the others are fitted to.</summary>
    public const int CheckEvery = 4;

    // Unrelated to the division into statistics, validation and guard, which uses the user's seed, never negative.
    private const int Seed = int.MinValue;

    /// <summary>Indices of both folds, ascending; neither is empty when there are two samples.</summary>
    public static (int[] Fit, int[] Check) Of(ISampleSource samples, CancellationToken cancellation)
    {
        var hashes = new ulong[samples.Count];
        for (var index = 0; index < hashes.Length; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            hashes[index] = SampleContent.Hash(samples, index, Seed);
        }

        var all = Enumerable.Range(0, hashes.Length).ToArray();
        bool IsCheck(int index) => hashes[index] % CheckEvery == CheckEvery - 1;
        if (hashes.Length < 2 || (all.Any(IsCheck) && !all.All(IsCheck)))
        {
            return (all.Length < 2 ? all : [.. all.Where(index => !IsCheck(index))], all.Length < 2 ? [] : [.. all.Where(IsCheck)]);
        }

        // Few samples, or many equal ones, fell on one side: the quarter that ranks first crosses over.
        var ranked = all.OrderBy(index => hashes[index]).ThenBy(index => index).ToArray();
        var check = ranked[..Math.Max(1, ranked.Length / CheckEvery)];
        return ([.. all.Except(check)], [.. check.Order()]);
    }
}
