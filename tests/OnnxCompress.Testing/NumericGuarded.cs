using System.Runtime.InteropServices;
using OnnxCompress.Numerics;

namespace OnnxCompress.Testing;

/// <summary>
/// A matrix inside NaN-filled memory: padding to the right of every row and around the whole. A kernel that reads padding
/// spoils its result; one that writes padding is found by <see cref="AssertUntouched"/>.
/// </summary>
public sealed class NumericGuarded<T>
    where T : unmanaged
{
    private const int Margin = 7;

    private readonly T[] _memory;
    private readonly byte[] _before;
    private readonly int _rows;
    private readonly int _columns;
    private readonly int _stride;

    /// <summary>A destination that holds NaN.</summary>
    public NumericGuarded(int rows, int columns)
    {
        (_rows, _columns, _stride) = (rows, columns, columns + 5);
        _memory = new T[(rows * _stride) + (2 * Margin)];
        MemoryMarshal.AsBytes(_memory.AsSpan()).Fill(0xff); // all ones is a NaN in both types
        _before = MemoryMarshal.AsBytes(_memory.AsSpan()).ToArray();
    }

    /// <summary>A copy of a matrix.</summary>
    public NumericGuarded(ReadOnlyMatrixView<T> source)
        : this(source.Rows, source.Columns)
    {
        View.CopyFrom(source);
        MemoryMarshal.AsBytes(_memory.AsSpan()).CopyTo(_before);
    }

    /// <summary>The window in the middle.</summary>
    public MatrixView<T> View => new(_memory.AsSpan(Margin), _rows, _columns, _stride);

    /// <summary>Fails when anything outside the window has changed.</summary>
    public void AssertPaddingUntouched()
    {
        var now = MemoryMarshal.AsBytes<T>(_memory);
        for (var index = 0; index < _memory.Length; index++)
        {
            var (row, column) = Math.DivRem(index - Margin, _stride);
            if (index < Margin || row >= _rows || column >= _columns)
            {
                var size = now.Length / _memory.Length;
                Assert.True(now.Slice(index * size, size).SequenceEqual(_before.AsSpan(index * size, size)), $"Stray write {index - Margin} elements after the start of a {_rows} x {_columns} window with stride {_stride}.");
            }
        }
    }

    /// <summary>Fails when anything at all has changed since the copy was made.</summary>
    public void AssertUntouched()
        => Assert.True(MemoryMarshal.AsBytes<T>(_memory).SequenceEqual(_before), $"A {_rows} x {_columns} input was changed.");
}
