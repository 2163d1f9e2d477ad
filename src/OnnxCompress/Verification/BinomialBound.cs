namespace OnnxCompress.Verification;

/// <summary>What a number of successes proves about the rate behind it (Clopper and Pearson, Biometrika 1934).</summary>
internal static class BinomialBound
{
    /// <summary>The one-sided exact 95% lower bound on the success rate.</summary>
    /// <param name="successes">In [0, <paramref name="trials"/>].</param>
    /// <param name="trials">At least 1, independent of each other.</param>
    /// <returns>A rate in [0, 1]: were the true rate lower, so many successes would be seen at most once in twenty times.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static double Lower95(long successes, long trials)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        return successes == 0 ? 0
            : successes == trials ? Math.Pow(0.05, 1.0 / trials)
            : IncompleteBeta.Inverse(successes, trials - successes + 1, 0.05);
    }
}
