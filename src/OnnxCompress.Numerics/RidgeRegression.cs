namespace OnnxCompress.Numerics;

/// <summary>
/// Least squares with a ridge towards a prior, from normal matrices:
/// min over W of ||Y - W X||^2 + lambda ||W - W0||^2, so W (X X^T + lambda I) = Y X^T + lambda W0
/// (Hoerl and Kennard 1970, with the ridge centred on W0).
/// Forward error about eps times the condition number of X X^T + lambda I. For several lambdas there is <see cref="RidgeProblem"/>.
/// </summary>
internal static class RidgeRegression
{
    /// <summary>Solves for the weights.</summary>
    /// <param name="backend">Does the Cholesky factorisation and the solves.</param>
    /// <param name="xxT">X X^T (n x n), symmetric positive semi-definite; only the lower triangle is read.</param>
    /// <param name="yxT">Y X^T (o x n).</param>
    /// <param name="lambda">Absolute, not relative: see <see cref="RelativeLambda"/>. 0 or more.</param>
    /// <param name="prior">W0 (o x n), or an empty view for zero.</param>
    /// <returns>W (o x n).</returns>
    /// <exception cref="NumericException">X X^T + lambda I is not positive definite, or something is not finite.</exception>
    public static Matrix<double> Solve(IDenseBackend backend, ReadOnlyMatrixView<double> xxT, ReadOnlyMatrixView<double> yxT, double lambda, ReadOnlyMatrixView<double> prior)
    {
        var weights = new Matrix<double>(yxT.Rows, yxT.Columns);
        Solve(backend, xxT, yxT, lambda, prior, weights);
        return weights;
    }

    /// <summary>Solves for the weights into a destination; workspace: (2 n + 4 o) n doubles.</summary>
    /// <param name="backend">Does the Cholesky factorisation and the solves.</param>
    /// <param name="xxT">X X^T (n x n), symmetric positive semi-definite; only the lower triangle is read.</param>
    /// <param name="yxT">Y X^T (o x n).</param>
    /// <param name="lambda">Absolute, 0 or more.</param>
    /// <param name="prior">W0 (o x n), or an empty view for zero.</param>
    /// <param name="weights">W (o x n), overwritten; may be the memory of <paramref name="yxT"/> or <paramref name="prior"/>.</param>
    /// <exception cref="NumericException">X X^T + lambda I is not positive definite, or something is not finite.</exception>
    public static void Solve(IDenseBackend backend, ReadOnlyMatrixView<double> xxT, ReadOnlyMatrixView<double> yxT, double lambda, ReadOnlyMatrixView<double> prior, MatrixView<double> weights)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ViewShape.CheckSquare(xxT.Rows, xxT.Columns, nameof(xxT));
        ViewShape.CheckSame(yxT.Rows, xxT.Rows, yxT.Rows, yxT.Columns, nameof(yxT));
        ViewShape.CheckSame(yxT.Rows, yxT.Columns, weights.Rows, weights.Columns, nameof(weights));
        ArgumentOutOfRangeException.ThrowIfNegative(lambda);
        var hasPrior = prior.Rows > 0;
        if (hasPrior)
        {
            ViewShape.CheckSame(yxT.Rows, yxT.Columns, prior.Rows, prior.Columns, nameof(prior));
        }

        Finite.RequireTriangle(xxT, Triangle.Lower, nameof(xxT));
        Finite.Require(yxT, nameof(yxT));
        using var chain = backend.OpenChain((double)xxT.Rows * xxT.Rows * Math.Max(xxT.Rows, yxT.Rows));
        var problem = new RidgeProblem(chain, xxT.ToMatrix(), yxT.ToMatrix(), hasPrior ? chain.Put(prior.ToMatrix().Transpose()) : null);
        var solution = problem.Solve(lambda)
            ?? throw new NumericException(NumericFailure.NotPositiveDefinite, $"X X^T + {lambda} I ({xxT.Rows} x {xxT.Rows}) is not positive definite; raise lambda.");
        var transposed = new Matrix<double>(solution.Rows, solution.Columns);
        chain.Read(solution, transposed);
        weights.CopyFrom(transposed.Transpose());
    }

    /// <summary>The absolute lambda that is <paramref name="relative"/> times the mean diagonal of X X^T.</summary>
    /// <param name="xxT">X X^T (n x n).</param>
    /// <param name="relative">Dimensionless, 0 or more.</param>
    /// <returns>relative * trace / n; 0 when n is 0.</returns>
    public static double RelativeLambda(ReadOnlyMatrixView<double> xxT, double relative)
    {
        ViewShape.CheckSquare(xxT.Rows, xxT.Columns, nameof(xxT));
        ArgumentOutOfRangeException.ThrowIfNegative(relative);
        double trace = 0;
        for (var index = 0; index < xxT.Rows; index++)
        {
            trace += xxT[index, index];
        }

        return xxT.Rows == 0 ? 0 : relative * trace / xxT.Rows;
    }
}
