using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class RidgeProblemSuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(1, 1, 10)]
    [InlineData(17, 5, 60)]
    [InlineData(70, 33, 300)]
    [InlineData(40, 1, 20)]
    public void The_gradient_vanishes_at_the_solution(int inputs, int outputs, int samples)
    {
        var (x, y, prior) = (NumericMatrices.Uniform(inputs, samples, 1), NumericMatrices.Uniform(outputs, samples, 2), NumericMatrices.Uniform(outputs, inputs, 3));
        var (xx, yx) = (NumericMatrices.Product(x, x, transposeB: Transpose.Yes), NumericMatrices.Product(y, x, transposeB: Transpose.Yes));
        var lambda = RidgeProblem.RelativeLambda(xx, 0.1);

        var weights = Ridge.Solve(Backend, xx, yx, lambda, prior)!;

        var left = NumericMatrices.Product(weights, xx);
        var right = yx.Clone();
        for (var index = 0; index < left.Values.Length; index++)
        {
            left.Values[index] += lambda * weights.Values[index];
            right.Values[index] += lambda * prior.Values[index];
        }

        NumericAssert.RelativeFrobenius(right, left, 100 * inputs * NumericAssert.Eps, "n eps times a condition number under 100");
    }

    [Fact]
    public void A_large_lambda_returns_the_prior_and_a_small_one_the_least_squares_solution()
    {
        var (x, truth, prior) = (NumericMatrices.Uniform(12, 200, 1), NumericMatrices.Uniform(4, 12, 2), NumericMatrices.Uniform(4, 12, 3));
        var xx = NumericMatrices.Product(x, x, transposeB: Transpose.Yes);
        var yx = NumericMatrices.Product(NumericMatrices.Product(truth, x), x, transposeB: Transpose.Yes);

        var stiff = Ridge.Solve(Backend, xx, yx, 1e12, prior)!;
        var free = Ridge.Solve(Backend, xx, yx, 0, prior)!;

        NumericAssert.RelativeFrobenius(prior, stiff, 1e-9, "||X X^T|| / lambda");
        NumericAssert.RelativeFrobenius(truth, free, 1e-12, "n eps times a condition number near 10");
    }

    [Fact]
    public void It_agrees_with_MathNet()
    {
        var (x, y) = (NumericMatrices.Uniform(30, 90, 1), NumericMatrices.Uniform(7, 90, 2));
        var (xx, yx) = (NumericMatrices.Product(x, x, transposeB: Transpose.Yes), NumericMatrices.Product(y, x, transposeB: Transpose.Yes));

        var weights = Ridge.Solve(Backend, xx, yx, 0.3)!;

        var system = Oracle.From(xx) + (MathNet.Numerics.LinearAlgebra.Double.DenseMatrix.CreateIdentity(30) * 0.3);
        NumericAssert.RelativeFrobenius(Oracle.To(system.LU().Solve(Oracle.From(yx).Transpose()).Transpose()), weights, 30 * 100 * NumericAssert.Eps, "n eps times a condition number under 100");
    }

    [Fact]
    public void The_matrices_keep_their_values()
    {
        var x = NumericMatrices.Uniform(10, 50, 1);
        var (xx, yx) = (NumericMatrices.Product(x, x, transposeB: Transpose.Yes), NumericMatrices.Uniform(3, 10, 2));
        var (normal, cross) = (xx.Clone(), yx.Clone());

        Assert.NotNull(Ridge.Solve(Backend, normal, cross, 1));

        Assert.True(xx.Values.SequenceEqual(normal.Values));
        Assert.True(yx.Values.SequenceEqual(cross.Values));
    }

    [Fact]
    public void A_singular_system_without_ridge_has_no_solution() =>
        Assert.Null(Ridge.Solve(Backend, new Matrix<double>(4, 4), new Matrix<double>(2, 4), 0));
}
