using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics;

/// <content>Factorisations that reveal rank or a spectrum.</content>
public sealed partial class CpuBackend
{
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
            if (SubspaceWidth.IsIterated(n, count))
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
}
