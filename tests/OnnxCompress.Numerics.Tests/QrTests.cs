using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public sealed class QrTests
{
    private static CpuBackend Backend { get; } = new(2);

    public static TheoryData<int, int> Shapes => new() { { 1, 1 }, { 1, 9 }, { 9, 1 }, { 16, 17 }, { 33, 31 }, { 64, 64 }, { 40, 150 }, { 150, 40 }, { 300, 130 }, { 0, 4 }, { 4, 0 } };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Pivoted_factors_reconstruct_the_permuted_matrix(int m, int n)
    {
        var matrix = NumericMatrices.Uniform(m, n, 1);

        var qr = Backend.PivotedQr(matrix);

        AssertReconstructs(matrix, qr, Tolerance(m, n));
        for (var step = 1; step < qr.Rank; step++)
        {
            Assert.True(Math.Abs(qr.Upper[step, step]) <= Math.Abs(qr.Upper[step - 1, step - 1]) * (1 + 1e-12), "The diagonal descends, to the accuracy of the norms.");
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Plain_QR_reconstructs_the_matrix(int m, int n)
    {
        var matrix = NumericMatrices.Uniform(m, n, 1);
        var compact = new NumericGuarded<double>(matrix);
        var steps = Math.Min(m, n);
        var scales = new double[steps];
        var q = new NumericGuarded<double>(m, steps);

        Backend.FactorQr(compact.View, scales);
        Backend.FormQ(compact.View, scales, q.View);

        var upper = new Matrix<double>(steps, n);
        for (var row = 0; row < steps; row++)
        {
            compact.View.Row(row)[row..].CopyTo(upper.Row(row)[row..]);
        }

        NumericAssert.OrthonormalColumns(q.View, Tolerance(m, n), "Higham 2002, section 19.3");
        NumericAssert.Within(matrix, NumericMatrices.Product(q.View, upper), Tolerance(m, n), NumericAssert.Norm(matrix), "Higham 2002, theorem 19.4");
        compact.AssertPaddingUntouched();
        q.AssertPaddingUntouched();
    }

    [Fact]
    public void Pivots_follow_the_definition()
    {
        var matrix = NumericMatrices.Uniform(80, 60, 1);
        var rest = matrix.Clone();

        var qr = Backend.PivotedQr(matrix);

        foreach (var pivot in qr.Pivots)
        {
            var norms = Enumerable.Range(0, 60).Select(column => Enumerable.Range(0, 80).Sum(row => rest[row, column] * rest[row, column])).ToArray();
            Assert.Equal(Array.IndexOf(norms, norms.Max()), pivot);
            var direction = Enumerable.Range(0, 80).Select(row => rest[row, pivot] / Math.Sqrt(norms[pivot])).ToArray();
            for (var column = 0; column < 60; column++)
            {
                var overlap = Enumerable.Range(0, 80).Sum(row => direction[row] * rest[row, column]);
                for (var row = 0; row < 80; row++)
                {
                    rest[row, column] = column == pivot ? 0 : rest[row, column] - (overlap * direction[row]);
                }
            }
        }
    }

    [Fact]
    public void The_diagonal_agrees_with_MathNet_up_to_signs_when_nothing_is_exchanged()
    {
        var matrix = NumericMatrices.Uniform(90, 40, 1);
        var compact = matrix.Clone();
        Backend.FactorQr(compact, new double[40]);

        var oracle = Oracle.From(matrix).QR(MathNet.Numerics.LinearAlgebra.Factorization.QRMethod.Thin).R;

        for (var index = 0; index < 40; index++)
        {
            NumericAssert.Within(Math.Abs(oracle[index, index]), Math.Abs(compact[index, index]), Tolerance(90, 40), NumericAssert.Norm(matrix), "backward error");
        }
    }

    [Theory]
    [InlineData(120, 80, 25)]
    [InlineData(60, 100, 40)]
    public void Exact_rank_is_found(int m, int n, int rank)
    {
        var matrix = NumericMatrices.Product(NumericMatrices.Uniform(m, rank, 1), NumericMatrices.Uniform(rank, n, 2));

        var qr = Backend.PivotedQr(matrix, relativeTolerance: 1e-12);

        Assert.Equal(rank, qr.Rank);
        AssertReconstructs(matrix, qr, 10 * Tolerance(m, n));
    }

    [Fact]
    public void A_limit_on_the_rank_leaves_the_residual_in_place()
    {
        var matrix = NumericMatrices.Uniform(100, 70, 1);
        var compact = matrix.Clone();
        var pivots = new int[70];

        var rank = Backend.FactorPivotedQr(compact, pivots, new double[70], 45, 0);

        Assert.Equal(45, rank);
        var qr = Backend.PivotedQr(matrix, 45);
        var error = matrix.Clone();
        var product = NumericMatrices.Product(qr.Orthonormal, qr.Upper);
        for (var row = 0; row < 100; row++)
        {
            for (var column = 0; column < 70; column++)
            {
                error[row, qr.Pivots[column]] = matrix[row, qr.Pivots[column]] - product[row, column];
            }
        }

        NumericAssert.Within(NumericAssert.Norm(error), NumericAssert.Norm(compact.View.Window(45, 45, 55, 25)), Tolerance(100, 70), NumericAssert.Norm(matrix), "||R22|| is the error");
    }

    [Fact]
    public void The_Kahan_matrix_keeps_its_norms_honest()
    {
        // Kahan's matrix defeats naive norm down-dating: columns lose nearly all of their norm at every step.
        const int Size = 90;
        var (c, s) = (Math.Cos(1.2), Math.Sin(1.2));
        var matrix = new Matrix<double>(Size, Size);
        for (var row = 0; row < Size; row++)
        {
            for (var column = row; column < Size; column++)
            {
                matrix[row, column] = Math.Pow(s, row) * (row == column ? 1 : -c) * (1 - (1e-14 * column));
            }
        }

        var qr = Backend.PivotedQr(matrix);

        AssertReconstructs(matrix, qr, Tolerance(Size, Size));
        for (var step = 1; step < qr.Rank; step++)
        {
            Assert.True(Math.Abs(qr.Upper[step, step]) <= Math.Abs(qr.Upper[step - 1, step - 1]) * (1 + 1e-6), "Descends to the square root of eps, the accuracy of a down-dated norm.");
        }
    }

    [Fact]
    public void A_graded_matrix_is_factored_backward_stably()
    {
        var matrix = NumericMatrices.ScaleColumns(NumericMatrices.Uniform(100, 60, 1), Enumerable.Range(0, 60).Select(j => Math.Pow(10, -j / 4.0)).ToArray());

        var qr = Backend.PivotedQr(matrix);

        AssertReconstructs(matrix, qr, Tolerance(100, 60));
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    [InlineData(1e-200)]
    [InlineData(1e200)]
    public void Scale_changes_no_pivot(double scale)
    {
        var matrix = NumericMatrices.Uniform(80, 50, 1);
        var scaled = NumericMatrices.Scale(matrix, scale);

        var qr = Backend.PivotedQr(scaled);

        Assert.Equal(Backend.PivotedQr(matrix).Pivots, qr.Pivots);
        AssertReconstructs(scaled, qr, Tolerance(80, 50));
    }

    private static void AssertReconstructs(Matrix<double> matrix, PivotedQr qr, double tolerance)
    {
        Assert.Equal(Enumerable.Range(0, matrix.Columns), qr.Pivots.Order());
        var permuted = new Matrix<double>(matrix.Rows, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < matrix.Columns; column++)
            {
                permuted[row, column] = matrix[row, qr.Pivots[column]];
            }
        }

        NumericAssert.OrthonormalColumns(qr.Orthonormal, tolerance, "Higham 2002, section 19.3");
        NumericAssert.Within(permuted, NumericMatrices.Product(qr.Orthonormal, qr.Upper), tolerance, NumericAssert.Norm(matrix), "Higham 2002, theorem 19.4");
    }

    private static double Tolerance(int m, int n) => 4 * Math.Sqrt(m + n + 1) * Math.Sqrt(Math.Min(m, n) + 1) * NumericAssert.Eps;
}
