namespace OnnxCompress.Numerics;

/// <summary>
/// A greedy rank-revealing Cholesky, G ~ Factor^T Factor. Pivots are the columns that an interpolative decomposition
/// keeps: the same as pivoted QR chooses on a Z with G = Z^T Z (Higham, Accuracy and Stability of Numerical
/// Algorithms, 2nd ed., section 10.3).
/// </summary>
/// <param name="pivots">The selected indices in the order of selection.</param>
/// <param name="pivotValues">Residual diagonal at selection.</param>
/// <param name="residualTraces">Trace of G - Factor^T Factor after 0, 1, ..., rank steps.</param>
/// <param name="factor">rank x n, original column order.</param>
public sealed class PivotedCholesky(int[] pivots, double[] pivotValues, double[] residualTraces, Matrix<double> factor)
{
    /// <summary>The selected indices in the order of selection, <see cref="Rank"/> of them.</summary>
    public int[] Pivots { get; } = pivots;

    /// <summary>How many steps were taken before the limit or the tolerance.</summary>
    public int Rank => Pivots.Length;

    /// <summary>The residual diagonal entry of each pivot when it was selected, on the squared scale of the Gram.</summary>
    public double[] PivotValues { get; } = pivotValues;

    /// <summary>Trace of the residual after 0, 1, ..., <see cref="Rank"/> steps: the squared error curve of the selection.</summary>
    public double[] ResidualTraces { get; } = residualTraces;

    /// <summary>R (rank x n) in the original column order; column <c>Pivots[j]</c> is zero below row j.</summary>
    public Matrix<double> Factor { get; } = factor;
}
