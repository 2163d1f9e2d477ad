using ILGPU;
using OnnxCompress.Numerics.Ilgpu.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>A window on a matrix in the device's memory.</summary>
/// <param name="Memory">Starts at entry (0, 0).</param>
/// <param name="Rows">Its rows.</param>
/// <param name="Columns">Its columns.</param>
/// <param name="Steps">How far its neighbours lie apart.</param>
internal readonly record struct DeviceMatrix(ArrayView<double> Memory, int Rows, int Columns, Steps Steps)
{
    /// <summary>The same entries with rows and columns exchanged.</summary>
    public DeviceMatrix Transposed => new(Memory, Columns, Rows, new(Steps.Column, Steps.Row));

    /// <summary>A window inside this one; an empty one may start at the end.</summary>
    public DeviceMatrix Window(int row, int column, int rows, int columns) =>
        new(rows == 0 || columns == 0 ? Memory.SubView(0, 0) : Memory.SubView(Steps.At(row, column)), rows, columns, Steps);

    /// <summary>From an entry to the end.</summary>
    public DeviceMatrix From(int row, int column) => Window(row, column, Rows - row, Columns - column);
}
