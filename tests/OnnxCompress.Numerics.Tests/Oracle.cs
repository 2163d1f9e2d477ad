using MathNet.Numerics.LinearAlgebra.Double;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Conversions to and from MathNet, the independent oracle.</summary>
internal static class Oracle
{
    public static DenseMatrix From(ReadOnlyMatrixView<double> matrix)
    {
        var dense = new DenseMatrix(matrix.Rows, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < matrix.Columns; column++)
            {
                dense[row, column] = matrix[row, column];
            }
        }

        return dense;
    }

    public static Matrix<double> To(MathNet.Numerics.LinearAlgebra.Matrix<double> dense) => Matrix<double>.FromEntries(dense.ToArray());
}
