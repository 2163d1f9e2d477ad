using OnnxCompress.Numerics;

namespace OnnxCompress.Testing;

/// <summary>Seeded matrices with known structure.</summary>
public static class NumericMatrices
{
    /// <summary>Entries uniform in [-0.5, 0.5).</summary>
    public static Matrix<double> Uniform(int rows, int columns, int seed, double scale = 1)
    {
        var random = new Random(seed);
        var matrix = new Matrix<double>(rows, columns);
        foreach (ref var value in matrix.Values)
        {
            value = (random.NextDouble() - 0.5) * scale;
        }

        return matrix;
    }

    /// <summary>The same entries rounded to float.</summary>
    public static Matrix<float> ToFloat(ReadOnlyMatrixView<double> matrix)
    {
        var rounded = new Matrix<float>(matrix.Rows, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < matrix.Columns; column++)
            {
                rounded[row, column] = (float)matrix[row, column];
            }
        }

        return rounded;
    }

    /// <summary>The same entries in double.</summary>
    public static Matrix<double> ToDouble(ReadOnlyMatrixView<float> matrix)
    {
        var widened = new Matrix<double>(matrix.Rows, matrix.Columns);
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < matrix.Columns; column++)
            {
                widened[row, column] = matrix[row, column];
            }
        }

        return widened;
    }

    /// <summary>op(A) op(B) by the definition, terms in order.</summary>
    public static Matrix<double> Product(ReadOnlyMatrixView<double> a, ReadOnlyMatrixView<double> b, Transpose transposeA = Transpose.No, Transpose transposeB = Transpose.No)
    {
        var left = transposeA == Transpose.No ? a.ToMatrix() : a.ToMatrix().Transpose();
        var right = transposeB == Transpose.No ? b.ToMatrix() : b.ToMatrix().Transpose();
        Assert.Equal(left.Columns, right.Rows);
        var product = new Matrix<double>(left.Rows, right.Columns);
        for (var row = 0; row < left.Rows; row++)
        {
            var target = product.Row(row);
            for (var inner = 0; inner < left.Columns; inner++)
            {
                var factor = left[row, inner];
                var source = right.Row(inner);
                for (var column = 0; column < target.Length; column++)
                {
                    target[column] += factor * source[column];
                }
            }
        }

        return product;
    }

    /// <summary>A diag(scales): column j times scales[j].</summary>
    public static Matrix<double> ScaleColumns(ReadOnlyMatrixView<double> matrix, ReadOnlySpan<double> scales)
    {
        var scaled = matrix.ToMatrix();
        for (var row = 0; row < scaled.Rows; row++)
        {
            for (var column = 0; column < scaled.Columns; column++)
            {
                scaled[row, column] *= scales[column];
            }
        }

        return scaled;
    }

    /// <summary>Every entry times a factor.</summary>
    public static Matrix<double> Scale(ReadOnlyMatrixView<double> matrix, double factor)
    {
        var scaled = matrix.ToMatrix();
        foreach (ref var value in scaled.Values)
        {
            value *= factor;
        }

        return scaled;
    }

    /// <summary>The Hilbert matrix, 1 / (i + j + 1): condition number about e^(3.5 n).</summary>
    public static Matrix<double> Hilbert(int size)
    {
        var matrix = new Matrix<double>(size, size);
        for (var row = 0; row < size; row++)
        {
            for (var column = 0; column < size; column++)
            {
                matrix[row, column] = 1.0 / (row + column + 1);
            }
        }

        return matrix;
    }
}
