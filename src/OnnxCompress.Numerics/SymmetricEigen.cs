namespace OnnxCompress.Numerics;

/// <summary>Eigenvalues, descending, and eigenvectors of a symmetric matrix: all of them or the leading ones.</summary>
/// <param name="values">k eigenvalues.</param>
/// <param name="vectors">n x k.</param>
public sealed class SymmetricEigen(double[] values, Matrix<double> vectors)
{
    /// <summary>Eigenvalues, descending.</summary>
    public double[] Values { get; } = values;

    /// <summary>n x k: column j is the unit eigenvector of value j; its sign is arbitrary but repeatable.</summary>
    public Matrix<double> Vectors { get; } = vectors;
}
