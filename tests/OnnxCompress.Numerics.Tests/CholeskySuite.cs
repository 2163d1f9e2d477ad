using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class CholeskySuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(63)]
    [InlineData(65)]
    [InlineData(200)]
    [InlineData(513)]
    public void The_factor_reconstructs_the_matrix(int size)
    {
        var matrix = PositiveDefinite(size);
        var guarded = new NumericGuarded<double>(matrix);

        var failed = Backend.FactorCholesky(guarded.View);

        Assert.Equal(-1, failed);
        var factor = guarded.View.ToReadOnlyMatrixView().ToMatrix();
        NumericAssert.RelativeFrobenius(matrix, NumericMatrices.Product(factor, factor, transposeB: Transpose.Yes), 2 * (size + 1) * NumericAssert.Eps, "Higham 2002, theorem 10.3");
        Assert.All(Enumerable.Range(0, size), row => Assert.True(factor.Row(row)[(row + 1)..].ToArray().All(value => value == 0)));
        guarded.AssertPaddingUntouched();
    }

    [Fact]
    public void Only_the_lower_triangle_is_read()
    {
        var matrix = PositiveDefinite(150);
        var spoilt = matrix.Clone();
        for (var row = 0; row < 150; row++)
        {
            spoilt.Row(row)[(row + 1)..].Fill(double.NaN);
        }

        Assert.True(Backend.Cholesky(matrix).Values.SequenceEqual(Backend.Cholesky(spoilt).Values));
    }

    [Fact]
    public void The_factor_agrees_with_MathNet()
    {
        var matrix = PositiveDefinite(180);

        var factor = Backend.Cholesky(matrix);

        NumericAssert.RelativeFrobenius(Oracle.To(Oracle.From(matrix).Cholesky().Factor), factor, 180 * 100 * NumericAssert.Eps, "n eps times a condition number near 100");
    }

    [Fact]
    public void The_Hilbert_matrix_of_order_10_is_factored_backward_stably()
    {
        var hilbert = NumericMatrices.Hilbert(10);

        var factor = Backend.Cholesky(hilbert);

        NumericAssert.RelativeFrobenius(hilbert, NumericMatrices.Product(factor, factor, transposeB: Transpose.Yes), 20 * NumericAssert.Eps, "backward error does not know the condition");
    }

    [Fact]
    public void An_indefinite_matrix_is_refused_with_its_column()
    {
        var matrix = PositiveDefinite(100);
        matrix[70, 70] = -1;

        var refused = Assert.Throws<NumericException>(() => Backend.Cholesky(matrix));

        Assert.Equal(NumericFailure.NotPositiveDefinite, refused.Failure);
        Assert.Contains("70", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    public void Scale_does_not_matter(double scale)
    {
        var matrix = NumericMatrices.Scale(PositiveDefinite(90), scale);

        var factor = Backend.Cholesky(matrix);

        NumericAssert.RelativeFrobenius(matrix, NumericMatrices.Product(factor, factor, transposeB: Transpose.Yes), 200 * NumericAssert.Eps, "2 n eps");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(17, 3)]
    [InlineData(64, 65)]
    [InlineData(65, 0)]
    [InlineData(200, 1)]
    [InlineData(300, 77)]
    public void Triangular_solves_undo_triangular_products(int size, int columns)
    {
        var lower = Backend.Cholesky(PositiveDefinite(size));
        var upper = lower.Transpose();
        var solution = NumericMatrices.Uniform(size, columns, 5);
        foreach (var (triangle, factor, transpose) in new[] { (Triangle.Lower, lower, Transpose.No), (Triangle.Lower, lower, Transpose.Yes), (Triangle.Upper, upper, Transpose.No), (Triangle.Upper, upper, Transpose.Yes) })
        {
            var guarded = new NumericGuarded<double>(NumericMatrices.Product(factor, solution, transpose));

            Backend.SolveTriangular(triangle, transpose, factor, guarded.View);

            NumericAssert.Within(solution, guarded.View, 100 * (size + 1) * NumericAssert.Eps, NumericAssert.Norm(solution), "n eps times a condition number near 10");
            guarded.AssertPaddingUntouched();
        }
    }

    [Fact]
    public void The_other_triangle_of_a_factor_is_not_read()
    {
        var lower = Backend.Cholesky(PositiveDefinite(130));
        var spoilt = lower.Clone();
        for (var row = 0; row < 130; row++)
        {
            spoilt.Row(row)[(row + 1)..].Fill(double.NaN);
        }

        var (clean, same) = (NumericMatrices.Uniform(130, 9, 1), NumericMatrices.Uniform(130, 9, 1));
        Backend.SolveTriangular(Triangle.Lower, Transpose.Yes, lower, clean);
        Backend.SolveTriangular(Triangle.Lower, Transpose.Yes, spoilt, same);

        Assert.True(clean.Values.SequenceEqual(same.Values));
    }

    [Fact]
    public void A_zero_on_the_diagonal_is_refused()
    {
        var factor = Matrix<double>.Identity(5);
        factor[3, 3] = 0;

        var refused = Assert.Throws<NumericException>(() => Backend.SolveTriangular(Triangle.Lower, Transpose.No, factor, new Matrix<double>(5, 1)));

        Assert.Equal(NumericFailure.Singular, refused.Failure);
    }

    internal static Matrix<double> PositiveDefinite(int size)
    {
        var samples = NumericMatrices.Uniform((2 * size) + 1, size, 7);
        var matrix = NumericMatrices.Product(samples, samples, Transpose.Yes);
        for (var row = 0; row < size; row++)
        {
            matrix[row, row] += 0.01 * size;
            for (var column = 0; column < row; column++)
            {
                matrix[column, row] = matrix[row, column];
            }
        }

        return matrix;
    }
}
