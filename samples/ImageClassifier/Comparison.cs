using System.Diagnostics;

namespace ImageClassifier;

/// <summary>Two classifiers on the same images.</summary>
/// <param name="Images">How many images.</param>
/// <param name="Agreeing">How many of them have the same class from both.</param>
/// <param name="OriginalMs">The median time of the original for one image, in milliseconds.</param>
/// <param name="CompressedMs">The median time of the compressed model.</param>
internal sealed record Comparison(int Images, int Agreeing, double OriginalMs, double CompressedMs)
{
    private const int WarmUp = 20;

    /// <summary>Compares. The two take turns on every image, so that whatever else the machine does meets both.</summary>
    public static Comparison Of(Classifier original, Classifier compressed, byte[][] images)
    {
        foreach (var image in images.Take(WarmUp))
        {
            _ = original.Classify(image);
            _ = compressed.Classify(image);
        }

        var (agreeing, before, after) = (0, new List<double>(), new List<double>());
        foreach (var image in images)
        {
            agreeing += Timed(original, image, before) == Timed(compressed, image, after) ? 1 : 0;
        }

        return new(images.Length, agreeing, Median(before), Median(after));
    }

    private static int Timed(Classifier classifier, byte[] image, List<double> times)
    {
        var start = Stopwatch.GetTimestamp();
        var decided = classifier.Classify(image);
        times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return decided;
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);
}
