using System.Diagnostics.CodeAnalysis;

namespace OnnxCompress.Numerics;

/// <summary>A dense rows x columns matrix that owns its memory: row-major, contiguous.</summary>
/// <typeparam name="T">Element type: float or double.</typeparam>
public sealed class Matrix<T>
    where T : unmanaged
{
    private readonly T[] _values;

    /// <summary>Creates a matrix of zeros.</summary>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    public Matrix(int rows, int columns)
        : this(rows, columns, new T[ElementCount(rows, columns)])
    {
    }

    /// <summary>Takes over an array of row-major entries without copying it.</summary>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <param name="values">Exactly rows * columns entries; later writes to it show in the matrix.</param>
    /// <exception cref="ArgumentException">The array has another length.</exception>
    public Matrix(int rows, int columns, T[] values)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (values.Length != ElementCount(rows, columns))
        {
            throw new ArgumentException($"{rows} x {columns} needs {ElementCount(rows, columns)} entries but got {values.Length}.", nameof(values));
        }

        _values = values;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>All entries, row after row.</summary>
    public Span<T> Values => _values;

    /// <summary>The whole matrix as a writable view.</summary>
    public MatrixView<T> View => new(_values, Rows, Columns);

    /// <summary>The entry at a row and a column.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <param name="column">Column, from 0.</param>
    public ref T this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)Columns, nameof(column));
            return ref _values[((long)row * Columns) + column];
        }
    }

    /// <summary>The whole matrix as a writable view.</summary>
    /// <param name="matrix">The matrix to view.</param>
    public static implicit operator MatrixView<T>(Matrix<T> matrix) => matrix.ToMatrixView();

    /// <summary>The whole matrix as a read-only view.</summary>
    /// <param name="matrix">The matrix to view.</param>
    public static implicit operator ReadOnlyMatrixView<T>(Matrix<T> matrix) => matrix.ToReadOnlyMatrixView();

    /// <summary>The n x n identity.</summary>
    /// <param name="size">n.</param>
    /// <returns>Ones on the diagonal, zeros elsewhere.</returns>
    [SuppressMessage("Design", "CA1000", Justification = "Matrix<double>.Identity(3) says what it makes; there is nothing to infer T from.")]
    public static Matrix<T> Identity(int size)
    {
        var identity = new Matrix<T>(size, size);
        var one = One();
        for (var index = 0; index < size; index++)
        {
            identity[index, index] = one;
        }

        return identity;
    }

    /// <summary>Copies a rectangular array.</summary>
    /// <param name="entries">Entries by row and column.</param>
    /// <returns>A matrix of the same shape.</returns>
    [SuppressMessage("Design", "CA1000", Justification = "The counterpart of Identity.")]
    public static Matrix<T> FromEntries(T[,] entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var matrix = new Matrix<T>(entries.GetLength(0), entries.GetLength(1));
        for (var row = 0; row < matrix.Rows; row++)
        {
            for (var column = 0; column < matrix.Columns; column++)
            {
                matrix[row, column] = entries[row, column];
            }
        }

        return matrix;
    }

    /// <summary>The whole matrix as a writable view.</summary>
    /// <returns>A view of this matrix's memory.</returns>
    public MatrixView<T> ToMatrixView() => View;

    /// <summary>The whole matrix as a read-only view.</summary>
    /// <returns>A view of this matrix's memory.</returns>
    public ReadOnlyMatrixView<T> ToReadOnlyMatrixView() => new(_values, Rows, Columns);

    /// <summary>One row.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <returns><see cref="Columns"/> elements.</returns>
    public Span<T> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows, nameof(row));
        return _values.AsSpan(row * Columns, Columns);
    }

    /// <summary>Copies the matrix.</summary>
    /// <returns>A matrix with its own memory.</returns>
    public Matrix<T> Clone() => new(Rows, Columns, (T[])_values.Clone());

    /// <summary>Copies the transposed matrix.</summary>
    /// <returns>A columns x rows matrix.</returns>
    public Matrix<T> Transpose()
    {
        var transposed = new Matrix<T>(Columns, Rows);
        const int Tile = 32; // square tiles, so that reads and writes both stay in the first cache level
        for (var top = 0; top < Rows; top += Tile)
        {
            for (var left = 0; left < Columns; left += Tile)
            {
                for (var row = top; row < Math.Min(top + Tile, Rows); row++)
                {
                    for (var column = left; column < Math.Min(left + Tile, Columns); column++)
                    {
                        transposed._values[((long)column * Rows) + row] = _values[((long)row * Columns) + column];
                    }
                }
            }
        }

        return transposed;
    }

    private static int ElementCount(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        return checked(rows * columns);
    }

    private static T One()
    {
        if (typeof(T) == typeof(double))
        {
            return (T)(object)1d;
        }

        if (typeof(T) == typeof(float))
        {
            return (T)(object)1f;
        }

        throw new NotSupportedException($"A matrix of {typeof(T).Name} has no identity here; use float or double.");
    }
}
