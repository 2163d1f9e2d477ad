using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Matrices with a spectrum chosen in advance.</summary>
internal static class Spectra
{
    /// <summary>m x k with orthonormal columns: Gram-Schmidt, twice, on random columns; independent of what is tested.</summary>
    public static Matrix<double> Orthonormal(int rows, int columns, int seed)
    {
        var basis = NumericMatrices.Uniform(columns, rows, seed); // rows are the vectors
        for (var index = 0; index < columns; index++)
        {
            var vector = basis.Row(index);
            for (var pass = 0; pass < 2; pass++)
            {
                for (var earlier = 0; earlier < index; earlier++)
                {
                    var other = basis.Row(earlier);
                    var overlap = Dot(other, vector);
                    for (var i = 0; i < rows; i++)
                    {
                        vector[i] -= overlap * other[i];
                    }
                }
            }

            var length = Math.Sqrt(Dot(vector, vector));
            foreach (ref var value in vector)
            {
                value /= length;
            }
        }

        return basis.Transpose();
    }

    /// <summary>Q diag(values) Q^T.</summary>
    public static Matrix<double> Symmetric(double[] values, int seed)
    {
        var q = Orthonormal(values.Length, values.Length, seed);
        var matrix = NumericMatrices.Product(NumericMatrices.ScaleColumns(q, values), q, transposeB: Transpose.Yes);
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < row; column++)
            {
                matrix[column, row] = matrix[row, column];
            }
        }

        return matrix;
    }

    /// <summary>U diag(values) V^T, m x n.</summary>
    public static Matrix<double> General(int rows, int columns, double[] values, int seed)
        => NumericMatrices.Product(NumericMatrices.ScaleColumns(Orthonormal(rows, values.Length, seed), values), Orthonormal(columns, values.Length, seed + 1), transposeB: Transpose.Yes);

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (var index = 0; index < x.Length; index++)
        {
            sum += x[index] * y[index];
        }

        return sum;
    }
}
