namespace OnnxCompress.Numerics;

/// <summary>The checks that views and backends share; every message carries the numbers that disagree.</summary>
internal static class ViewShape
{
    /// <summary>Checks sizes against the memory and returns the effective stride.</summary>
    public static int Check(int length, int rows, int columns, int stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        var effective = stride <= 0 ? columns : stride;
        if (effective < columns)
        {
            throw new ArgumentException($"A stride of {effective} is shorter than a row of {columns} columns.", nameof(stride));
        }

        var needed = rows == 0 || columns == 0 ? 0L : ((rows - 1L) * effective) + columns;
        if (needed > length)
        {
            throw new ArgumentException($"{rows} x {columns} with stride {effective} needs {needed} elements but there are {length}.", nameof(length));
        }

        return effective;
    }

    public static void CheckWindow(int outerRows, int outerColumns, int row, int column, int rows, int columns)
    {
        if (row < 0 || rows < 0 || (long)row + rows > outerRows)
        {
            throw new ArgumentOutOfRangeException(nameof(row), $"Rows {row} to {(long)row + rows} are not within {outerRows} rows.");
        }

        if (column < 0 || columns < 0 || (long)column + columns > outerColumns)
        {
            throw new ArgumentOutOfRangeException(nameof(column), $"Columns {column} to {(long)column + columns} are not within {outerColumns} columns.");
        }
    }

    public static void CheckSame(int rows, int columns, int otherRows, int otherColumns, string name)
    {
        if (rows != otherRows || columns != otherColumns)
        {
            throw new ArgumentException($"Expected {rows} x {columns} but got {otherRows} x {otherColumns}.", name);
        }
    }

    public static void CheckSquare(int rows, int columns, string name)
    {
        if (rows != columns)
        {
            throw new ArgumentException($"Expected a square matrix but got {rows} x {columns}.", name);
        }
    }

    public static void CheckLength(int expected, int actual, string name)
    {
        if (actual < expected)
        {
            throw new ArgumentException($"Expected room for {expected} elements but got {actual}.", name);
        }
    }

    /// <summary>Refuses operands that do not multiply, and a destination of another size.</summary>
    // Many parameters: three views whose element types differ have nothing in common but their sizes.
    public static void CheckProduct(int aRows, int aColumns, Transpose transposeA, int bRows, int bColumns, Transpose transposeB, int cRows, int cColumns)
    {
        var (m, k) = transposeA == Transpose.No ? (aRows, aColumns) : (aColumns, aRows);
        var (inner, n) = transposeB == Transpose.No ? (bRows, bColumns) : (bColumns, bRows);
        if (k != inner)
        {
            throw new ArgumentException($"op(A) has {k} columns but op(B) has {inner} rows.");
        }

        if (cRows != m || cColumns != n)
        {
            throw new ArgumentException($"The product is {m} x {n} but the destination is {cRows} x {cColumns}.");
        }
    }

    /// <summary>Refuses a triangular factor that nothing can be solved with.</summary>
    public static void CheckDiagonal(ReadOnlyMatrixView<double> factor)
    {
        for (var index = 0; index < factor.Rows; index++)
        {
            if (factor[index, index] == 0)
            {
                throw new NumericException(NumericFailure.Singular, $"Diagonal entry {index} of the triangular factor is zero.");
            }
        }
    }
}
