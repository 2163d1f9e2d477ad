using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

public sealed class BinomialBoundTests
{
    // The continued fraction stops at 1e-16; logarithms of Gamma lose digits in proportion to their size.
    private const double SeriesTolerance = 1e-12;

    [Theory]
    [InlineData(95, 100, 0.8977466223567254)]
    [InlineData(1, 2, 0.02532056551910361)]
    [InlineData(9, 10, 0.6058366975634951)]
    [InlineData(50, 100, 0.41362171463091174)]
    [InlineData(199, 200, 0.9765015295650492)]
    [InlineData(445, 500, 0.86424023381983913)]
    [InlineData(1900, 2000, 0.94122968576932756)]
    public void Lower_bounds_are_those_of_exact_arithmetic(long successes, long trials, double expected) =>
        NumericAssert.Within(expected, BinomialBound.Lower95(successes, trials), SeriesTolerance, 1, "rational sums, bisected");

    [Fact]
    public void No_success_proves_nothing_and_full_success_has_a_closed_form()
    {
        Assert.Equal(0, BinomialBound.Lower95(0, 10));
        NumericAssert.Within(Math.Pow(0.05, 0.1), BinomialBound.Lower95(10, 10), 1e-15, 1, "0.05^(1/n)");
    }

    [Theory]
    [InlineData(-1, 10)]
    [InlineData(11, 10)]
    [InlineData(0, 0)]
    public void Impossible_counts_are_refused(long successes, long trials) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => BinomialBound.Lower95(successes, trials));

    [Theory]
    [InlineData(2, 3, 0.3, 0.3483)]
    [InlineData(50, 3, 0.95, 0.51456952216302039)]
    [InlineData(300, 300, 0.51, 0.68784206335705725)]
    [InlineData(1, 200, 0.01, 0.86602032514203805)]
    [InlineData(0.5, 0.5, 0.2, 0.29516723530086655)]
    public void The_incomplete_beta_function_has_known_values(double a, double b, double x, double expected) =>
        NumericAssert.Within(expected, IncompleteBeta.Regularized(a, b, x), SeriesTolerance, 1, "40-digit binomial sums; arcsine law");

    [Fact]
    public void The_incomplete_beta_function_holds_for_a_hundred_thousand_trials() => NumericAssert.Within(
        0.032184168146658079, IncompleteBeta.Regularized(99000, 1001, 0.9894), 1e-9, 1, "40-digit sum; ln Gamma of 1e5 costs six digits");

    [Fact]
    public void Both_tails_sum_to_one_and_the_inverse_inverts()
    {
        foreach (var (a, b) in new[] { (0.7, 3.1), (12.0, 1.0), (250.0, 40.0) })
        {
            for (var x = 0.05; x < 1; x += 0.1)
            {
                var below = IncompleteBeta.Regularized(a, b, x);

                NumericAssert.Within(1, below + IncompleteBeta.Regularized(b, a, 1 - x), SeriesTolerance, 1, "reflection");
                NumericAssert.Within(below, IncompleteBeta.Regularized(a, b, IncompleteBeta.Inverse(a, b, below)), SeriesTolerance, 1, "inverse");
            }
        }
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(5, 5, 1)]
    [InlineData(10, 2, 0.03857421875)]
    [InlineData(2, 10, 0.03857421875)]
    [InlineData(6, 0, 0.03125)]
    public void McNemar_is_exact(long onlyFirst, long onlySecond, double expected) =>
        NumericAssert.Within(expected, McNemarTest.ExactPValue(onlyFirst, onlySecond), SeriesTolerance, 1, "binomial sums over 2^n");
}
