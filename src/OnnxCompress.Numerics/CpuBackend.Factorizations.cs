using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics;

/// <content>Factorisations that reveal rank or a spectrum.</content>
public sealed partial class CpuBackend
{
    private const int SmallestIterated = 256; // below, a full symmetric decomposition takes milliseconds

    /// <inheritdoc/>
    public unsafe int FactorPivotedCholesky(ReadOnlyMatrixView<double> gram, int maxRank, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> residualTraces, MatrixView<double> factor)
    {
        ViewShape.CheckSquare(gram.Rows, gram.Columns, nameof(gram));
        var steps = Math.Clamp(maxRank, 0, gram.Rows);
        ViewShape.CheckSame(steps, gram.Rows, factor.Rows, factor.Columns, nameof(factor));
        ViewShape.CheckLength(steps, pivots.Length, nameof(pivots));
        ViewShape.CheckLength(steps, pivotValues.Length, nameof(pivotValues));
        ViewShape.CheckLength(steps + 1, residualTraces.Length, nameof(residualTraces));
        Finite.Require(gram, nameof(gram));
        fixed (double* pg = gram.Values, pf = factor.Values)
        {
            using var team = new Team(Workers(gram.Rows, gram.Rows, steps));
            return PivotedCholeskyFactor.Run(team, new(pg, gram.Rows, gram.Rows, gram.Stride), relativeTolerance, pivots, pivotValues, residualTraces, new(pf, factor.Rows, factor.Columns, factor.Stride));
        }
    }

    /// <summary>Column-pivoted Householder QR in compact form, A P = Q R.</summary>
    /// <param name="matrix">m x n, overwritten: R on and above the diagonal (pivoted order), reflectors below it with an implied leading 1.</param>
    /// <param name="pivots">Room for n: position j of the factorisation holds column pivots[j] of the input.</param>
    /// <param name="reflectorScales">Room for min(m, n): H_j = I - scale_j v_j v_j^T; zeros from the rank on.</param>
    /// <param name="maxRank">Most steps.</param>
    /// <param name="relativeTolerance">Stops when the largest remaining column norm is at most this times the first pivot |R_11|.</param>
    /// <returns>The rank: how many steps were done. Rows from the rank on hold the residual in columns from the rank on.</returns>
    /// <exception cref="NumericException">Something is not finite.</exception>
    public unsafe int FactorPivotedQr(MatrixView<double> matrix, Span<int> pivots, Span<double> reflectorScales, int maxRank, double relativeTolerance)
    {
        var steps = Math.Min(matrix.Rows, matrix.Columns);
        ViewShape.CheckLength(matrix.Columns, pivots.Length, nameof(pivots));
        ViewShape.CheckLength(steps, reflectorScales.Length, nameof(reflectorScales));
        Finite.Require(matrix, nameof(matrix));
        reflectorScales[..steps].Clear();
        int rank;
        fixed (double* p = matrix.Values)
        {
            var a = new Block<double>(p, matrix.Rows, matrix.Columns, matrix.Stride);
            using var team = new Team(Workers(matrix.Rows, matrix.Columns, steps));
            var balance = Balanced(team, a);
            rank = PivotedQrFactor.Run(team, a, pivots, reflectorScales, Math.Clamp(maxRank, 0, steps), relativeTolerance);
            UndoBalance(a, rank, balance);
        }

        Finite.Require(matrix, nameof(matrix));
        return rank;
    }

    /// <summary>Householder QR without pivoting, in compact form, A = Q R.</summary>
    /// <param name="matrix">m x n, overwritten as by <see cref="FactorPivotedQr"/>.</param>
    /// <param name="reflectorScales">Room for min(m, n).</param>
    /// <exception cref="NumericException">Something is not finite.</exception>
    public unsafe void FactorQr(MatrixView<double> matrix, Span<double> reflectorScales)
    {
        var steps = Math.Min(matrix.Rows, matrix.Columns);
        ViewShape.CheckLength(steps, reflectorScales.Length, nameof(reflectorScales));
        Finite.Require(matrix, nameof(matrix));
        fixed (double* p = matrix.Values)
        {
            var a = new Block<double>(p, matrix.Rows, matrix.Columns, matrix.Stride);
            using var team = new Team(Workers(matrix.Rows, matrix.Columns, steps));
            var balance = Balanced(team, a);
            QrFactor.Run(team, a, reflectorScales);
            UndoBalance(a, steps, balance);
        }

        Finite.Require(matrix, nameof(matrix));
    }

    /// <summary>Writes the first columns of the Q that a compact QR implies.</summary>
    /// <param name="compact">m x n: what a QR left.</param>
    /// <param name="reflectorScales">One scale for each reflector to use, at most min(m, n).</param>
    /// <param name="orthonormal">m x q with q at least the number of reflectors and at most m, overwritten.</param>
    public unsafe void FormQ(ReadOnlyMatrixView<double> compact, ReadOnlySpan<double> reflectorScales, MatrixView<double> orthonormal)
    {
        ViewShape.CheckLength(reflectorScales.Length, Math.Min(compact.Rows, compact.Columns), nameof(compact));
        ViewShape.CheckSame(compact.Rows, orthonormal.Columns, orthonormal.Rows, orthonormal.Columns, nameof(orthonormal));
        ViewShape.CheckLength(reflectorScales.Length, orthonormal.Columns, nameof(orthonormal));
        fixed (double* pc = compact.Values, pq = orthonormal.Values)
        {
            using var team = new Team(Workers(compact.Rows, orthonormal.Columns, reflectorScales.Length));
            BlockReflector.Form(team, new(pc, compact.Rows, compact.Columns, compact.Stride), reflectorScales, new(pq, orthonormal.Rows, orthonormal.Columns, orthonormal.Stride));
        }
    }

    /// <inheritdoc/>
    public unsafe void DecomposeSymmetric(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors)
    {
        ViewShape.CheckSquare(matrix.Rows, matrix.Columns, nameof(matrix));
        ViewShape.CheckSame(matrix.Rows, vectors.Columns, vectors.Rows, vectors.Columns, nameof(vectors));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors.Columns, matrix.Rows, nameof(vectors));
        ViewShape.CheckLength(matrix.Rows, values.Length, nameof(values));
        Finite.RequireTriangle(matrix, Triangle.Lower, nameof(matrix));

        fixed (double* pm = matrix.Values, pv = vectors.Values)
        {
            using var team = new Team(Workers(matrix.Rows, matrix.Rows, matrix.Rows));
            SymmetricEigenSolver.Run(team, new(pm, matrix.Rows, matrix.Rows, matrix.Stride), values, new(pv, vectors.Rows, vectors.Columns, vectors.Stride));
        }

        Finite.Require(values[..matrix.Rows], nameof(values));
        Finite.Require(vectors, nameof(vectors));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Iterates where few pairs of a large matrix are wanted; decomposes fully where that is as cheap, and where the
    /// iteration finds a spectrum too flat to separate.
    /// </remarks>
    public unsafe void DecomposeSymmetricTop(ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        ViewShape.CheckSquare(matrix.Rows, matrix.Columns, nameof(matrix));
        ViewShape.CheckSame(matrix.Rows, vectors.Columns, vectors.Rows, vectors.Columns, nameof(vectors));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors.Columns, matrix.Rows, nameof(vectors));
        ViewShape.CheckLength(vectors.Columns, values.Length, nameof(values));
        Finite.Require(matrix, nameof(matrix));
        var (n, count) = (matrix.Rows, vectors.Columns);
        if (count == 0)
        {
            return;
        }

        fixed (double* pm = matrix.Values, pv = vectors.Values)
        {
            using var team = new Team(Workers(n, n, n));
            var target = new Block<double>(pv, n, count, vectors.Stride);
            var source = new Block<double>(pm, n, n, matrix.Stride);
            var done = false;
            if (n >= SmallestIterated && SubspaceWidth.Pays(n, count))
            {
                using var copy = new Workspace<double>((long)n * n);
                var full = copy.AsBlock(n, n);
                var balance = SymmetricEigenSolver.CopySymmetric(team, source, full);
                done = TopEigenSolver.Run(team, full, values, target, random);
                for (var index = 0; index < count && done; index++)
                {
                    values[index] /= balance;
                }
            }

            if (!done)
            {
                using var all = new Workspace<double>(n);
                SymmetricEigenSolver.Run(team, source, all.Span, target);
                all.Span[..count].CopyTo(values);
            }
        }

        Finite.Require(values[..count], nameof(values));
        Finite.Require(vectors, nameof(vectors));
    }

    /// <summary>Thin singular value decomposition, A = U diag(values) V^T with p = min(m, n) columns.</summary>
    /// <param name="matrix">m x n; not changed.</param>
    /// <param name="left">m x p: U.</param>
    /// <param name="values">Room for p, descending.</param>
    /// <param name="rightTransposed">p x n: V^T.</param>
    /// <exception cref="NumericException">Something is not finite, or no convergence.</exception>
    public unsafe void DecomposeSingular(ReadOnlyMatrixView<double> matrix, MatrixView<double> left, Span<double> values, MatrixView<double> rightTransposed)
    {
        var count = Math.Min(matrix.Rows, matrix.Columns);
        ViewShape.CheckSame(matrix.Rows, count, left.Rows, left.Columns, nameof(left));
        ViewShape.CheckSame(count, matrix.Columns, rightTransposed.Rows, rightTransposed.Columns, nameof(rightTransposed));
        ViewShape.CheckLength(count, values.Length, nameof(values));
        Finite.Require(matrix, nameof(matrix));
        fixed (double* pm = matrix.Values, pl = left.Values, pr = rightTransposed.Values)
        {
            using var team = new Team(Workers(matrix.Rows, matrix.Columns, count));
            SvdSolver.Run(
                team,
                new(pm, matrix.Rows, matrix.Columns, matrix.Stride),
                new(pl, left.Rows, left.Columns, left.Stride),
                values,
                new(pr, rightTransposed.Rows, rightTransposed.Columns, rightTransposed.Stride));
        }

        Finite.Require(values[..count], nameof(values));
        Finite.Require(left, nameof(left));
        Finite.Require(rightTransposed, nameof(rightTransposed));
    }

    // Scales by a power of two where squares of entries would overflow or vanish; exact, undone by UndoBalance.
    private static double Balanced(Team team, Block<double> a)
    {
        var balance = Vectors.Balance(Vectors.Largest(a));
        if (balance != 1)
        {
            Vectors.Copy(team, a, a, balance);
        }

        return balance;
    }

    // R and the residual scale with the matrix, reflectors do not.
    private static void UndoBalance(Block<double> a, int rank, double balance)
    {
        for (var row = 0; row < a.Rows && balance != 1; row++)
        {
            for (var column = Math.Min(row, rank); column < a.Columns; column++)
            {
                a[row, column] /= balance;
            }
        }
    }
}
