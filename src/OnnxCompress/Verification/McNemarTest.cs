namespace OnnxCompress.Verification;

/// <summary>Whether two models that answered the same questions differ in accuracy (McNemar 1947, in its exact form).</summary>
internal static class McNemarTest
{
    /// <summary>The exact two-sided p-value.</summary>
    /// <param name="onlyFirst">Questions that only the first model answered rightly.</param>
    /// <param name="onlySecond">Questions that only the second model answered rightly.</param>
    /// <returns>The probability of a split at least as uneven, were both models equally good; 1 when they never differ.</returns>
    public static double ExactPValue(long onlyFirst, long onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        var (fewer, all) = (Math.Min(onlyFirst, onlySecond), onlyFirst + onlySecond);

        // P(X <= k) for X ~ Binomial(n, 1/2) is I_1/2(n - k, k + 1).
        return all == 0 ? 1 : Math.Min(1, 2 * IncompleteBeta.Regularized(all - fewer, fewer + 1, 0.5));
    }
}
