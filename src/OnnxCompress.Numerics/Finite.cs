using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxCompress.Numerics;

/// <summary>Refuses NaN and infinities with the position of the first one.</summary>
internal static class Finite
{
    /// <summary>Throws unless every entry is finite.</summary>
    /// <exception cref="NumericException">An entry is NaN or infinite.</exception>
    public static void Require(ReadOnlyMatrixView<double> matrix, string name)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            RequireRow(matrix.Row(row), row, name);
        }
    }

    /// <summary>Throws unless every entry is finite.</summary>
    /// <exception cref="NumericException">An entry is NaN or infinite.</exception>
    public static void Require(ReadOnlySpan<double> values, string name) => RequireRow(values, 0, name);

    /// <summary>Throws unless every entry of one triangle is finite; the other is not read.</summary>
    /// <exception cref="NumericException">An entry is NaN or infinite.</exception>
    public static void RequireTriangle(ReadOnlyMatrixView<double> matrix, Triangle triangle, string name)
    {
        for (var row = 0; row < matrix.Rows; row++)
        {
            RequireRow(triangle == Triangle.Lower ? matrix.Row(row)[..(row + 1)] : matrix.Row(row)[row..], row, name, triangle == Triangle.Lower ? 0 : row);
        }
    }

    /// <summary>Whether no entry is NaN or infinite.</summary>
    public static bool AllFinite(ReadOnlySpan<double> values)
    {
        // x * 0 is 0 for finite x and NaN otherwise, so one NaN anywhere spoils the sum of all lanes.
        var lanes = MemoryMarshal.Cast<double, Vector<double>>(values);
        var sum = Vector<double>.Zero;
        foreach (var lane in lanes)
        {
            sum += lane * Vector<double>.Zero;
        }

        var rest = Vector.Sum(sum);
        foreach (var value in values[(lanes.Length * Vector<double>.Count)..])
        {
            rest += value * 0;
        }

        return rest == 0;
    }

    private static void RequireRow(ReadOnlySpan<double> values, int row, string name, int firstColumn = 0)
    {
        if (AllFinite(values))
        {
            return;
        }

        for (var index = 0; index < values.Length; index++)
        {
            if (!double.IsFinite(values[index]))
            {
                throw new NumericException(NumericFailure.NotFinite, $"Entry ({row}, {firstColumn + index}) of '{name}' is {values[index]}.");
            }
        }
    }
}
