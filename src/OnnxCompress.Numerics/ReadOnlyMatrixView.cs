namespace OnnxCompress.Numerics;

/// <summary>A rows x columns window on row-major memory that is only read.</summary>
/// <typeparam name="T">Element type: float or double.</typeparam>
public readonly ref struct ReadOnlyMatrixView<T>
    where T : unmanaged
{
    /// <summary>Views <paramref name="values"/> as a row-major matrix.</summary>
    /// <param name="values">At least (rows - 1) * stride + columns elements.</param>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <param name="stride">Elements from one row's start to the next; 0 or less means <paramref name="columns"/>.</param>
    /// <exception cref="ArgumentException">The span is too short or a size is negative.</exception>
    public ReadOnlyMatrixView(ReadOnlySpan<T> values, int rows, int columns, int stride = 0)
    {
        Stride = ViewShape.Check(values.Length, rows, columns, stride);
        Values = values;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>The memory, starting at entry (0, 0); rows lie <see cref="Stride"/> elements apart.</summary>
    public ReadOnlySpan<T> Values { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Elements from one row's start to the next, at least <see cref="Columns"/>.</summary>
    public int Stride { get; }

    /// <summary>The entry at a row and a column.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <param name="column">Column, from 0.</param>
    public T this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)Columns, nameof(column));
            return Values[checked((row * Stride) + column)];
        }
    }

    /// <summary>One row.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <returns><see cref="Columns"/> elements.</returns>
    public ReadOnlySpan<T> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return Values.Slice(checked(row * Stride), Columns);
    }

    /// <summary>A window inside this one.</summary>
    /// <param name="row">First row.</param>
    /// <param name="column">First column.</param>
    /// <param name="rows">Rows of the window.</param>
    /// <param name="columns">Columns of the window.</param>
    /// <returns>A view of the same memory.</returns>
    public ReadOnlyMatrixView<T> Window(int row, int column, int rows, int columns)
    {
        ViewShape.CheckWindow(Rows, Columns, row, column, rows, columns);
        return new(rows == 0 || columns == 0 ? [] : Values[checked((row * Stride) + column)..], rows, columns, Stride);
    }

    /// <summary>Copies the entries into a new contiguous matrix.</summary>
    /// <returns>A matrix of the same shape.</returns>
    public Matrix<T> ToMatrix()
    {
        var copy = new Matrix<T>(Rows, Columns);
        for (var row = 0; row < Rows; row++)
        {
            Row(row).CopyTo(copy.Row(row));
        }

        return copy;
    }
}
