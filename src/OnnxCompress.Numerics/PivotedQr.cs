namespace OnnxCompress.Numerics;

/// <summary>A column-pivoted QR, A[:, Pivots] ~ Orthonormal Upper.</summary>
/// <param name="pivots">The permutation.</param>
/// <param name="rank">Steps taken.</param>
/// <param name="upper">rank x n.</param>
/// <param name="orthonormal">m x rank.</param>
public sealed class PivotedQr(int[] pivots, int rank, Matrix<double> upper, Matrix<double> orthonormal)
{
    /// <summary>All n column indices; the first <see cref="Rank"/> are the selected ones, in order.</summary>
    public int[] Pivots { get; } = pivots;

    /// <summary>How many steps were taken before the limit or the tolerance.</summary>
    public int Rank { get; } = rank;

    /// <summary>R (rank x n), upper trapezoidal, columns in pivoted order; |diagonal| descends.</summary>
    public Matrix<double> Upper { get; } = upper;

    /// <summary>Q (m x rank) with orthonormal columns.</summary>
    public Matrix<double> Orthonormal { get; } = orthonormal;
}
