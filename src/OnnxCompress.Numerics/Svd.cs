namespace OnnxCompress.Numerics;

/// <summary>A thin or truncated singular value decomposition, A ~ Left diag(Values) RightTransposed.</summary>
/// <param name="left">m x k.</param>
/// <param name="values">k singular values.</param>
/// <param name="rightTransposed">k x n.</param>
public sealed class Svd(Matrix<double> left, double[] values, Matrix<double> rightTransposed)
{
    /// <summary>U (m x k), orthonormal columns.</summary>
    public Matrix<double> Left { get; } = left;

    /// <summary>Singular values, descending, none negative.</summary>
    public double[] Values { get; } = values;

    /// <summary>V^T (k x n), orthonormal rows.</summary>
    public Matrix<double> RightTransposed { get; } = rightTransposed;
}
