using OnnxCompress.Calibration;

namespace OnnxCompress.Precision;

/// <summary>Chooses what an unsigned byte spans: the range with the least expected squared error over a histogram.</summary>
internal static class RangeSearch
{
    /// <summary>Ends that are tried: each a little nearer to zero than the one before, down to a tenth.</summary>
    private const int Steps = 76;

    private const double Factor = 0.97;

    /// <summary>Rounds over both ends; a second one hardly changes anything, a third never did.</summary>
    private const int Rounds = 3;

    /// <summary>Values in a bin that its count is spread over.</summary>
    private const int PointsPerBin = 4;

    /// <summary>The best scale.</summary>
    public static ByteScale Best(TensorHistogram histogram)
    {
        var points = Points(histogram);
        var (low, high) = (Math.Min(0, (double)histogram.Least), Math.Max(0, (double)histogram.Greatest));
        for (var round = 0; round < Rounds; round++)
        {
            var before = (low, high);
            high = high > 0 ? Nearest(histogram.Greatest, end => Error(points, ByteScale.Of(low, end))) : 0;
            low = low < 0 ? Nearest(histogram.Least, end => Error(points, ByteScale.Of(end, high))) : 0;
            if ((low, high) == before)
            {
                break;
            }
        }

        return ByteScale.Of(low, high);
    }

    /// <summary>The scale that spans all values.</summary>
    public static ByteScale Whole(TensorHistogram histogram) => ByteScale.Of(histogram.Least, histogram.Greatest);

    /// <summary>The expected squared error of a scale.</summary>
    public static double Error(TensorHistogram histogram, ByteScale scale) => Error(Points(histogram), scale);

    private static double Nearest(double outermost, Func<double, double> errorAt)
    {
        var (best, least, end) = (outermost, double.PositiveInfinity, outermost);
        for (var step = 0; step < Steps; step++, end *= Factor)
        {
            var error = errorAt(end);
            (best, least) = error < least ? (end, error) : (best, least);
        }

        return best;
    }

    private static (float Value, double Weight)[] Points(TensorHistogram histogram)
    {
        var points = new List<(float, double)>();
        foreach (var (low, high, count) in histogram.Bins())
        {
            // The outermost bins reach beyond what was seen.
            var (from, to) = (Math.Max(low, histogram.Least), Math.Min(high, histogram.Greatest));
            for (var p = 0; p < PointsPerBin; p++)
            {
                points.Add(((float)(from + (((double)to - from) * (p + 0.5) / PointsPerBin)), (double)count / PointsPerBin));
            }
        }

        return [.. points];
    }

    private static double Error((float Value, double Weight)[] points, ByteScale scale)
    {
        double sum = 0;
        foreach (var (value, weight) in points)
        {
            var error = (double)value - scale.Round(value);
            sum += weight * error * error;
        }

        return sum;
    }
}
