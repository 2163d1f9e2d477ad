using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>
/// Brings what was given for each input into one form, sample after sample: stored so already, or as the model wants it, its
/// samples on an axis further inside, or once for all samples. What an array is, its shape decides, held against the declared one
/// and against how many samples there are.
/// </summary>
internal static class FeedArrays
{
    /// <summary>One array for each input, all of as many samples.</summary>
    /// <param name="feeds">The inputs.</param>
    /// <param name="found">What was given for them.</param>
    /// <exception cref="OnnxCompressException">OCX3005: there are different numbers of samples; OCX3002: a single number where samples belong.</exception>
    public static IReadOnlyList<SampleArray> Resolve(IReadOnlyList<InputFeed> feeds, IReadOnlyList<FoundArray> found)
    {
        var leading = Leading(feeds, found);
        var samples = leading < 0 ? 1 : Count(feeds[leading], found[leading].Array);
        SampleArray[] arrays = [.. feeds.Zip(found, (feed, given) => given.IsOnce ? new OnceArray(given.Array, samples, given.IsValue) : Resolve(feed, given.Array, samples, leading >= 0))];
        for (var input = 0; input < arrays.Length; input++)
        {
            if (arrays[input].Count != samples)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.DataShapeMismatch,
                    $"There are {samples} samples for the input '{feeds[leading].Input.Name}' but {arrays[input].Count} for "
                    + $"'{feeds[input].Input.Name}'; every input needs one value for each sample, or one for all: -d {feeds[input].Input.Name}=@PATH");
            }
        }

        return arrays;
    }

    /// <summary>The input whose data say how many samples there are; -1 when all are given once.</summary>
    private static int Leading(IReadOnlyList<InputFeed> feeds, IReadOnlyList<FoundArray> found)
    {
        int[] given = [.. Enumerable.Range(0, feeds.Count).Where(i => !found[i].IsOnce && !found[i].Array.IsSingle)];
        int First(Func<int, bool> isLike) => given.Where(isLike).DefaultIfEmpty(-1).First();
        return First(i => feeds[i].BatchAxis == 0) is var front and >= 0 ? front
            : First(i => feeds[i].BatchAxis is not null) is var inside and >= 0 ? inside
            : First(i => feeds[i].Input.Dims is { } dims && SampleShape.Fits(found[i].Array.SampleDims, dims)) is var each and >= 0 ? each
            : found.Any(given => given.Array.IsSingle && !given.IsOnce) && found.Count == 1 ? throw Single(found[0].Array) : -1;
    }

    private static int Count(InputFeed feed, SampleArray array) =>
        feed.BatchAxis is { } axis and > 0 && !FitsSample(feed, array) && IsAsModelWants(feed, array) ? (int)Whole(array)[axis] : array.Count;

    private static SampleArray Resolve(InputFeed feed, SampleArray array, int samples, bool isKnown)
    {
        if (array.IsSingle)
        {
            return isKnown || feed.BatchAxis is null ? new OnceArray(array, samples, isSample: true) : throw Single(array);
        }

        // Samples in front is what data are by convention: where both readings fit, that one holds.
        if (feed.SampleDims is not { } dims || array.Varies || (array.Count == samples && FitsSample(feed, array)))
        {
            return array;
        }

        return feed.BatchAxis is { } axis and > 0 && IsAsModelWants(feed, array) && Whole(array)[axis] == samples ? new AxisArray(array, axis)
            : isKnown && !array.IsFlat && !FitsSample(feed, array) && SampleShape.Fits(Whole(array), dims) ? new OnceArray(array, samples, isSample: false)
            : feed.BatchAxis is null && array.Count != samples && SampleShape.Fits(Whole(array), dims) ? new OnceArray(array, samples, isSample: false)
            : array;
    }

    private static bool FitsSample(InputFeed feed, SampleArray array) => feed.SampleDims is { } dims && SampleShape.Fits(array.SampleDims, dims);

    private static bool IsAsModelWants(InputFeed feed, SampleArray array) => !array.Varies && feed.Input.Dims is { } dims && SampleShape.Fits(Whole(array), dims);

    private static long[] Whole(SampleArray array) => [array.Count, .. array.SampleDims];

    private static OnnxCompressException Single(SampleArray array) => new(
        DiagnosticCodes.DataMalformed, $"'{array.Name}' holds a single number; its first axis must count samples.");
}
