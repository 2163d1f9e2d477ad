using OnnxCompress.Numerics;

namespace OnnxCompress.Testing;

/// <summary>
/// Comparisons of floating-point results. There is no default tolerance: every call names one and says where it comes
/// from; NaN and infinities fail before anything is compared.
/// </summary>
public static class NumericAssert
{
    /// <summary>Unit roundoff spacing of double: 2^-52.</summary>
    public const double Eps = 2.220446049250313e-16;

    /// <summary>Spacing of float: 2^-23.</summary>
    public const double FloatEps = 1.1920928955078125e-7;

    /// <summary>Fails on the first NaN or infinity.</summary>
    public static void Finite(ReadOnlySpan<double> values, string what)
    {
        for (var index = 0; index < values.Length; index++)
        {
            if (!double.IsFinite(values[index]))
            {
                Assert.Fail($"{what}: element {index} is {values[index]}.");
            }
        }
    }

    /// <summary>||expected - actual||_F at most tolerance times ||expected||_F.</summary>
    public static void RelativeFrobenius(ReadOnlyMatrixView<double> expected, ReadOnlyMatrixView<double> actual, double tolerance, string source)
        => Within(expected, actual, tolerance, Norm(expected), source);

    /// <summary>||expected - actual||_F at most tolerance times a scale, for results that may be zero.</summary>
    public static void Within(ReadOnlyMatrixView<double> expected, ReadOnlyMatrixView<double> actual, double tolerance, double scale, string source)
    {
        Assert.Equal((expected.Rows, expected.Columns), (actual.Rows, actual.Columns));
        var difference = new Matrix<double>(expected.Rows, expected.Columns);
        for (var row = 0; row < expected.Rows; row++)
        {
            Finite(expected.Row(row), $"expected, row {row}");
            Finite(actual.Row(row), $"actual, row {row}");
            for (var column = 0; column < expected.Columns; column++)
            {
                difference[row, column] = expected[row, column] - actual[row, column];
            }
        }

        var error = Norm(difference);
        Assert.True(error <= tolerance * scale, $"Error {error:g4} exceeds {tolerance:g4} x {scale:g4} ({source}).");
    }

    /// <summary>|expected - actual| at most tolerance times a scale.</summary>
    public static void Within(double expected, double actual, double tolerance, double scale, string source)
    {
        Finite([expected, actual], source);
        Assert.True(Math.Abs(expected - actual) <= tolerance * scale, $"|{expected:g17} - {actual:g17}| exceeds {tolerance:g4} x {scale:g4} ({source}).");
    }

    /// <summary>||Q^T Q - I||_F at most the tolerance: the columns are orthonormal.</summary>
    public static void OrthonormalColumns(ReadOnlyMatrixView<double> q, double tolerance, string source)
    {
        var gram = new Matrix<double>(q.Columns, q.Columns);
        for (var row = 0; row < q.Rows; row++)
        {
            var values = q.Row(row);
            Finite(values, $"basis, row {row}");
            for (var i = 0; i < q.Columns; i++)
            {
                var target = gram.Row(i);
                var left = values[i];
                for (var j = 0; j < q.Columns; j++)
                {
                    target[j] += left * values[j];
                }
            }
        }

        Within(Matrix<double>.Identity(q.Columns), gram, tolerance, 1, source);
    }

    /// <summary>Frobenius norm without overflow or underflow.</summary>
    public static double Norm(ReadOnlyMatrixView<double> matrix)
    {
        double largest = 0;
        for (var row = 0; row < matrix.Rows; row++)
        {
            foreach (var value in matrix.Row(row))
            {
                largest = Math.Max(largest, Math.Abs(value));
            }
        }

        if (largest == 0)
        {
            return 0;
        }

        double sum = 0;
        for (var row = 0; row < matrix.Rows; row++)
        {
            foreach (var value in matrix.Row(row))
            {
                sum += value / largest * (value / largest);
            }
        }

        return largest * Math.Sqrt(sum);
    }
}
