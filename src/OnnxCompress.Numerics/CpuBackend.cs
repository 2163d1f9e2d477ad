using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics;

/// <summary>
/// Dense linear algebra on the CPU. Work is cut into tiles whose arithmetic does not depend on the number of threads, so
/// results are bitwise equal for any thread count on one machine. Keeps no state between calls; calls from several
/// threads are independent.
/// </summary>
/// <param name="threads">Most threads an operation uses; 0 means all cores.</param>
public sealed partial class CpuBackend(int threads = 0) : IDenseBackend
{
    /// <inheritdoc/>
    public string Name => $"cpu ({MicroKernel.Name}, {Threads} {(Threads == 1 ? "thread" : "threads")})";

    /// <inheritdoc/>
    public int Threads { get; } = threads > 0 ? threads : Environment.ProcessorCount;

    /// <inheritdoc/>
    public unsafe void Multiply(double alpha, ReadOnlyMatrixView<float> a, Transpose transposeA, ReadOnlyMatrixView<float> b, Transpose transposeB, double beta, MatrixView<float> c)
    {
        ViewShape.CheckProduct(a.Rows, a.Columns, transposeA, b.Rows, b.Columns, transposeB, c.Rows, c.Columns);
        fixed (float* pa = a.Values, pb = b.Values, pc = c.Values)
        {
            using var team = new Team(Workers(c.Rows, c.Columns, transposeA == Transpose.No ? a.Columns : a.Rows));
            Gemm.Run<float, float, float>(team, alpha, new Block<float>(pa, a.Rows, a.Columns, a.Stride).Oriented(transposeA), new Block<float>(pb, b.Rows, b.Columns, b.Stride).Oriented(transposeB), beta, new(pc, c.Rows, c.Columns, c.Stride));
        }
    }

    /// <inheritdoc/>
    public unsafe void Multiply(double alpha, ReadOnlyMatrixView<double> a, Transpose transposeA, ReadOnlyMatrixView<double> b, Transpose transposeB, double beta, MatrixView<double> c)
    {
        ViewShape.CheckProduct(a.Rows, a.Columns, transposeA, b.Rows, b.Columns, transposeB, c.Rows, c.Columns);
        fixed (double* pa = a.Values, pb = b.Values, pc = c.Values)
        {
            using var team = new Team(Workers(c.Rows, c.Columns, transposeA == Transpose.No ? a.Columns : a.Rows));
            Gemm.Run<double, double, double>(team, alpha, new Block<double>(pa, a.Rows, a.Columns, a.Stride).Oriented(transposeA), new Block<double>(pb, b.Rows, b.Columns, b.Stride).Oriented(transposeB), beta, new(pc, c.Rows, c.Columns, c.Stride));
        }
    }

    /// <inheritdoc/>
    public unsafe void AddGram(ReadOnlyMatrixView<float> rows, MatrixView<double> gram)
    {
        ViewShape.CheckProduct(rows.Rows, rows.Columns, Transpose.Yes, rows.Rows, rows.Columns, Transpose.No, gram.Rows, gram.Columns);
        fixed (float* pr = rows.Values)
        fixed (double* pg = gram.Values)
        {
            using var team = new Team(Workers(gram.Rows, gram.Columns, rows.Rows));
            var samples = new Block<float>(pr, rows.Rows, rows.Columns, rows.Stride);
            var sums = new Block<double>(pg, gram.Rows, gram.Columns, gram.Stride);
            if (FloatRange.HoldsProducts(team, samples))
            {
                Gemm.Run<float, float, double>(team, 1, samples.Transposed, samples, 1, sums, Region.Lower);
            }
            else
            {
                Gemm.Run<float, double, double>(team, 1, samples.Transposed, samples, 1, sums, Region.Lower);
            }

            Gemm.MirrorLower(team, sums);
        }
    }

    /// <inheritdoc/>
    public unsafe void AddGram(ReadOnlyMatrixView<double> rows, MatrixView<double> gram)
    {
        ViewShape.CheckProduct(rows.Rows, rows.Columns, Transpose.Yes, rows.Rows, rows.Columns, Transpose.No, gram.Rows, gram.Columns);
        fixed (double* pr = rows.Values)
        fixed (double* pg = gram.Values)
        {
            using var team = new Team(Workers(gram.Rows, gram.Columns, rows.Rows));
            var samples = new Block<double>(pr, rows.Rows, rows.Columns, rows.Stride);
            var sums = new Block<double>(pg, gram.Rows, gram.Columns, gram.Stride);
            Gemm.Run<double, double, double>(team, 1, samples.Transposed, samples, 1, sums, Region.Lower);
            Gemm.MirrorLower(team, sums);
        }
    }

    /// <inheritdoc/>
    public unsafe void SolveTriangular(Triangle triangle, Transpose transpose, ReadOnlyMatrixView<double> factor, MatrixView<double> rightSide)
    {
        ViewShape.CheckSquare(factor.Rows, factor.Columns, nameof(factor));
        ViewShape.CheckSame(factor.Rows, rightSide.Columns, rightSide.Rows, rightSide.Columns, nameof(rightSide));
        Finite.RequireTriangle(factor, triangle, nameof(factor));
        ViewShape.CheckDiagonal(factor);
        Finite.Require(rightSide, nameof(rightSide));
        fixed (double* pt = factor.Values, pb = rightSide.Values)
        {
            var t = new Block<double>(pt, factor.Rows, factor.Rows, factor.Stride).Oriented(transpose);
            var lower = (triangle == Triangle.Lower) == (transpose == Transpose.No);
            using var team = new Team(Workers(factor.Rows, factor.Rows, rightSide.Columns));
            TriangularSolver.Solve(team, lower, t, new(pb, rightSide.Rows, rightSide.Columns, rightSide.Stride));
        }

        Finite.Require(rightSide, nameof(rightSide));
    }

    /// <inheritdoc/>
    public unsafe int FactorCholesky(MatrixView<double> matrix)
    {
        ViewShape.CheckSquare(matrix.Rows, matrix.Columns, nameof(matrix));
        Finite.RequireTriangle(matrix, Triangle.Lower, nameof(matrix));

        fixed (double* p = matrix.Values)
        {
            using var team = new Team(Workers(matrix.Rows, matrix.Rows, matrix.Rows));
            var failed = CholeskyFactor.Run(team, new(p, matrix.Rows, matrix.Rows, matrix.Stride));
            if (failed >= 0)
            {
                return failed;
            }
        }

        for (var row = 0; row < matrix.Rows; row++)
        {
            matrix.Row(row)[(row + 1)..].Clear();
        }

        Finite.Require(matrix, nameof(matrix));
        return -1;
    }

    // Waking threads costs about as much as a product of 64^3.
    private int Workers(int m, int n, int k) => (double)m * n * k < 64 * 64 * 64 ? 1 : Threads;
}
