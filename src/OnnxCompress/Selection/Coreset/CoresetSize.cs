namespace OnnxCompress.Selection.Coreset;

/// <summary>How many draws a coreset needs, by its theorem and by what fits.</summary>
internal static class CoresetSize
{
    /// <summary>More draws than this change no weight that a float can show.</summary>
    public const int MostDraws = 1 << 20;

    /// <summary>
    /// Draws for an additive error of eps * D on all inputs of the ball, with probability 1 - delta:
    /// <c>t / eps^2 (d log t + log 1/delta)</c> up to a constant, which is taken as 1 (Mussay et al. 2020, theorem on
    /// structured coresets; D is the sum of the consumer's magnitudes).
    /// </summary>
    /// <param name="totalSensitivity">t, the sum of the sensitivities.</param>
    /// <param name="dimension">d, coordinates of a point.</param>
    /// <param name="eps">In (0, 1).</param>
    /// <param name="delta">In (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static double Stated(double totalSensitivity, int dimension, double eps, double delta)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalSensitivity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(dimension);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(eps);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(eps, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(delta);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(delta, 1);
        return Math.Ceiling(totalSensitivity / (eps * eps) * ((dimension * Math.Max(0, Math.Log(totalSensitivity))) + Math.Log(1 / delta)));
    }

    /// <summary>Expected number of different channels in a number of draws: <c>sum_j 1 - (1 - p_j)^m</c>.</summary>
    public static double ExpectedDistinct(ReadOnlySpan<double> probabilities, double draws)
    {
        double sum = 0;
        foreach (var p in probabilities)
        {
            // 1 - (1 - p)^m without losing small p.
            sum += p >= 1 ? (draws > 0 ? 1 : 0) : -Math.Exp(draws * Math.Log(1 - p)) + 1;
        }

        return sum;
    }

    /// <summary>The most draws whose expected number of different channels is within a width.</summary>
    public static int MostWithin(ReadOnlySpan<double> probabilities, int width)
    {
        var (low, high) = (0, MostDraws);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = ExpectedDistinct(probabilities, middle) <= width ? (middle, high) : (low, middle - 1);
        }

        return low;
    }
}
