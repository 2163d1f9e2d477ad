namespace OnnxCompress.Numerics;

/// <summary>A rows x columns window on row-major memory that may be written.</summary>
/// <typeparam name="T">Element type: float or double.</typeparam>
public readonly ref struct MatrixView<T>
    where T : unmanaged
{
    /// <summary>Views <paramref name="values"/> as a row-major matrix.</summary>
    /// <param name="values">At least (rows - 1) * stride + columns elements.</param>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <param name="stride">Elements from one row's start to the next; 0 or less means <paramref name="columns"/>.</param>
    /// <exception cref="ArgumentException">The span is too short or a size is negative.</exception>
    public MatrixView(Span<T> values, int rows, int columns, int stride = 0)
    {
        Stride = ViewShape.Check(values.Length, rows, columns, stride);
        Values = values;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>The memory, starting at entry (0, 0); rows lie <see cref="Stride"/> elements apart.</summary>
    public Span<T> Values { get; }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>Elements from one row's start to the next, at least <see cref="Columns"/>.</summary>
    public int Stride { get; }

    /// <summary>The entry at a row and a column.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <param name="column">Column, from 0.</param>
    public ref T this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)Columns, nameof(column));
            return ref Values[checked((row * Stride) + column)];
        }
    }

    /// <summary>The same window, read only.</summary>
    /// <param name="view">The view to read.</param>
    public static implicit operator ReadOnlyMatrixView<T>(MatrixView<T> view) => view.ToReadOnlyMatrixView();

    /// <summary>The same window, read only.</summary>
    /// <returns>A view of the same memory.</returns>
    public ReadOnlyMatrixView<T> ToReadOnlyMatrixView() => new(Values, Rows, Columns, Stride);

    /// <summary>One row.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <returns><see cref="Columns"/> elements.</returns>
    public Span<T> Row(int row)
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
    public MatrixView<T> Window(int row, int column, int rows, int columns)
    {
        ViewShape.CheckWindow(Rows, Columns, row, column, rows, columns);
        return new(rows == 0 || columns == 0 ? [] : Values[checked((row * Stride) + column)..], rows, columns, Stride);
    }

    /// <summary>Copies a matrix of the same shape into this window.</summary>
    /// <param name="source">The entries to copy; must not overlap this window unless it is the same window.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public void CopyFrom(ReadOnlyMatrixView<T> source)
    {
        ViewShape.CheckSame(Rows, Columns, source.Rows, source.Columns, nameof(source));
        for (var row = 0; row < Rows; row++)
        {
            source.Row(row).CopyTo(Row(row));
        }
    }

    /// <summary>Writes one value to every entry of the window.</summary>
    /// <param name="value">The value.</param>
    public void Fill(T value)
    {
        for (var row = 0; row < Rows; row++)
        {
            Row(row).Fill(value);
        }
    }
}
