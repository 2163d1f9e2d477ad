using ILGPU;
using OnnxCompress.Numerics.Ilgpu.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>A window on a matrix in the device's memory.</summary>
/// <typeparam name="T">Its entries.</typeparam>
/// <param name="Memory">Starts at entry (0, 0).</param>
/// <param name="Offset">How far that is from the start of the allocation, which is aligned.</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Steps">How far its neighbours lie apart.</param>
internal readonly record struct DeviceMatrix<T>(ArrayView<T> Memory, long Offset, int Rows, int Columns, Steps Steps)
    where T : unmanaged
{
    /// <summary>The same entries with rows and columns exchanged.</summary>
    public DeviceMatrix<T> Transposed => new(Memory, Offset, Columns, Rows, new(Steps.Column, Steps.Row));

    /// <summary>Whether four neighbours in memory can be loaded at once wherever they are a multiple of four from the edges.</summary>
    public bool HasQuads => Offset % 4 == 0 && (Steps.Row == 1 ? Steps.Column % 4 == 0 : Steps.Column == 1 && Steps.Row % 4 == 0);

    /// <summary>A window inside this one; an empty one may start at the end.</summary>
    public DeviceMatrix<T> Window(int row, int column, int rows, int columns) =>
        new(rows == 0 || columns == 0 ? Memory.SubView(0, 0) : Memory.SubView(Steps.At(row, column)), Offset + Steps.At(row, column), rows, columns, Steps);

    /// <summary>From an entry to the end.</summary>
    public DeviceMatrix<T> From(int row, int column) => Window(row, column, Rows - row, Columns - column);

    /// <summary>Transposed when asked to.</summary>
    public DeviceMatrix<T> Oriented(Transpose transpose) => transpose == Transpose.No ? this : Transposed;
}
