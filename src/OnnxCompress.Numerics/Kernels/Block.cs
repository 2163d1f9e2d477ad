using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// A window on pinned memory with a step for each direction: transposing swaps the steps, so one kernel serves row-major,
/// column-major and transposed operands. Sizes and steps are native integers, so offsets past 2^31 elements are exact.
/// Unchecked on purpose: the public methods check shapes before they pin.
/// </summary>
internal readonly unsafe struct Block<T>(T* data, int rows, int columns, nint rowStep, nint columnStep)
    where T : unmanaged
{
    public readonly T* Data = data;
    public readonly int Rows = rows;
    public readonly int Columns = columns;
    public readonly nint RowStep = rowStep;
    public readonly nint ColumnStep = columnStep;

    /// <summary>A row-major window.</summary>
    public Block(T* data, int rows, int columns, nint stride)
        : this(data, rows, columns, stride, 1)
    {
    }

    /// <summary>The same memory, transposed.</summary>
    public Block<T> Transposed => new(Data, Columns, Rows, ColumnStep, RowStep);

    public ref T this[int row, int column]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref Data[(row * RowStep) + (column * ColumnStep)];
    }

    /// <summary>The address of an entry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public T* At(int row, int column) => Data + (row * RowStep) + (column * ColumnStep);

    /// <summary>A window inside this one.</summary>
    public Block<T> Window(int row, int column, int rows, int columns) => new(At(row, column), rows, columns, RowStep, ColumnStep);

    /// <summary>The window from an entry to the lower right corner.</summary>
    public Block<T> From(int row, int column) => Window(row, column, Rows - row, Columns - column);

    /// <summary>Transposed when asked to.</summary>
    public Block<T> Oriented(Transpose transpose) => transpose == Transpose.No ? this : Transposed;
}
