namespace OnnxCompress.Numerics;

/// <summary>The allocating forms: each creates its result and calls the destination form of the backend.</summary>
public static class DenseLinearAlgebra
{
    /// <summary>The product op(A) op(B) in double.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="a">op(A) is m x k.</param>
    /// <param name="b">op(B) is k x n.</param>
    /// <param name="transposeA">How A is read.</param>
    /// <param name="transposeB">How B is read.</param>
    /// <returns>m x n.</returns>
    public static Matrix<double> Multiply(this IDenseBackend backend, ReadOnlyMatrixView<double> a, ReadOnlyMatrixView<double> b, Transpose transposeA = Transpose.No, Transpose transposeB = Transpose.No)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var product = new Matrix<double>(transposeA == Transpose.No ? a.Rows : a.Columns, transposeB == Transpose.No ? b.Columns : b.Rows);
        backend.Multiply(1, a, transposeA, b, transposeB, 0, product);
        return product;
    }

    /// <summary>The product op(A) op(B) in float.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="a">op(A) is m x k.</param>
    /// <param name="b">op(B) is k x n.</param>
    /// <param name="transposeA">How A is read.</param>
    /// <param name="transposeB">How B is read.</param>
    /// <returns>m x n.</returns>
    public static Matrix<float> Multiply(this IDenseBackend backend, ReadOnlyMatrixView<float> a, ReadOnlyMatrixView<float> b, Transpose transposeA = Transpose.No, Transpose transposeB = Transpose.No)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var product = new Matrix<float>(transposeA == Transpose.No ? a.Rows : a.Columns, transposeB == Transpose.No ? b.Columns : b.Rows);
        backend.Multiply(1, a, transposeA, b, transposeB, 0, product);
        return product;
    }

    /// <summary>The Gram matrix rows^T rows of float samples in double, with the error of float blocks of 256 rows: see <see cref="IDenseBackend.AddGram(ReadOnlyMatrixView{float}, MatrixView{double})"/>.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="rows">m x n.</param>
    /// <returns>n x n, symmetric.</returns>
    public static Matrix<double> Gram(this IDenseBackend backend, ReadOnlyMatrixView<float> rows)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var gram = new Matrix<double>(rows.Columns, rows.Columns);
        backend.AddGram(rows, gram);
        return gram;
    }

    /// <summary>The Gram matrix rows^T rows in double.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="rows">m x n.</param>
    /// <returns>n x n, symmetric.</returns>
    public static Matrix<double> Gram(this IDenseBackend backend, ReadOnlyMatrixView<double> rows)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var gram = new Matrix<double>(rows.Columns, rows.Columns);
        backend.AddGram(rows, gram);
        return gram;
    }

    /// <summary>The Cholesky factor L of a symmetric positive definite matrix, A = L L^T.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="matrix">n x n; only the lower triangle is read.</param>
    /// <returns>L (n x n), lower triangular.</returns>
    /// <exception cref="NumericException">The matrix is not positive definite or not finite.</exception>
    public static Matrix<double> Cholesky(this IDenseBackend backend, ReadOnlyMatrixView<double> matrix)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var factor = matrix.ToMatrix();
        var failed = backend.FactorCholesky(factor);
        return failed < 0
            ? factor
            : throw new NumericException(NumericFailure.NotPositiveDefinite, $"The {matrix.Rows} x {matrix.Rows} matrix is not positive definite: pivot {failed} is not positive.");
    }

    /// <summary>B &lt;- (L L^T)^-1 B.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="factor">L (n x n), as Cholesky leaves it.</param>
    /// <param name="rightSide">n x r, overwritten by the solution.</param>
    public static void SolveCholesky(this IDenseBackend backend, ReadOnlyMatrixView<double> factor, MatrixView<double> rightSide)
    {
        ArgumentNullException.ThrowIfNull(backend);
        backend.SolveTriangular(Triangle.Lower, Transpose.No, factor, rightSide);
        backend.SolveTriangular(Triangle.Lower, Transpose.Yes, factor, rightSide);
    }

    /// <summary>The inverse of a symmetric positive definite matrix.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="matrix">n x n; only the lower triangle is read.</param>
    /// <returns>n x n, symmetric.</returns>
    /// <exception cref="NumericException">The matrix is not positive definite or not finite.</exception>
    public static Matrix<double> InvertPositiveDefinite(this IDenseBackend backend, ReadOnlyMatrixView<double> matrix)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var inverseFactor = Matrix<double>.Identity(matrix.Rows);
        backend.SolveTriangular(Triangle.Lower, Transpose.No, backend.Cholesky(matrix), inverseFactor);
        return backend.Gram(inverseFactor); // A^-1 = L^-T L^-1, symmetric by construction
    }

    /// <summary>Greedy pivoted Cholesky of a Gram matrix; see <see cref="IDenseBackend.FactorPivotedCholesky"/>.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="gram">n x n, positive semi-definite.</param>
    /// <param name="maxRank">Most steps.</param>
    /// <param name="relativeTolerance">Relative to the largest diagonal entry, on the squared scale of the Gram.</param>
    /// <returns>Pivots, their values and the factor, cut to the rank.</returns>
    /// <exception cref="NumericException">Something is not finite.</exception>
    public static PivotedCholesky PivotedCholesky(this IDenseBackend backend, ReadOnlyMatrixView<double> gram, int maxRank = int.MaxValue, double relativeTolerance = 0)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var steps = Math.Clamp(maxRank, 0, gram.Rows);
        var pivots = new int[steps];
        var pivotValues = new double[steps];
        var traces = new double[steps + 1];
        var factor = new Matrix<double>(steps, gram.Rows);
        var rank = backend.FactorPivotedCholesky(gram, steps, relativeTolerance, pivots, pivotValues, traces, factor);
        return rank == steps
            ? new(pivots, pivotValues, traces, factor)
            : new(pivots[..rank], pivotValues[..rank], traces[..(rank + 1)], factor.View.Window(0, 0, rank, gram.Rows).ToReadOnlyMatrixView().ToMatrix());
    }

    /// <summary>Eigen-decomposition of a symmetric matrix.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="matrix">n x n; only the lower triangle is read.</param>
    /// <returns>All values, descending, with vectors as columns.</returns>
    /// <exception cref="NumericException">Something is not finite, or no convergence.</exception>
    public static SymmetricEigen SymmetricEigen(this IDenseBackend backend, ReadOnlyMatrixView<double> matrix)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var values = new double[matrix.Rows];
        var vectors = new Matrix<double>(matrix.Rows, matrix.Rows);
        backend.DecomposeSymmetric(matrix, values, vectors);
        return new(values, vectors);
    }

    /// <summary>The eigenvalues of a symmetric matrix.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="matrix">n x n; only the lower triangle is read.</param>
    /// <returns>n values, descending.</returns>
    /// <exception cref="NumericException">Something is not finite, or no convergence.</exception>
    public static double[] SymmetricValues(this IDenseBackend backend, ReadOnlyMatrixView<double> matrix)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var values = new double[matrix.Rows];
        backend.DecomposeSymmetric(matrix, values, new Matrix<double>(matrix.Rows, 0));
        return values;
    }

    /// <summary>The leading eigenpairs of a symmetric matrix.</summary>
    /// <param name="backend">Does the work.</param>
    /// <param name="matrix">n x n, symmetric.</param>
    /// <param name="count">How many, at most n.</param>
    /// <param name="random">Seeded; chooses the starting subspace where an iteration is used.</param>
    /// <returns>The algebraically largest values, descending, with vectors as columns.</returns>
    /// <exception cref="NumericException">Something is not finite, or no convergence.</exception>
    public static SymmetricEigen TopEigen(this IDenseBackend backend, ReadOnlyMatrixView<double> matrix, int count, Random random)
    {
        ArgumentNullException.ThrowIfNull(backend);
        var values = new double[count];
        var vectors = new Matrix<double>(matrix.Rows, count);
        backend.DecomposeSymmetricTop(matrix, values, vectors, random);
        return new(values, vectors);
    }
}
