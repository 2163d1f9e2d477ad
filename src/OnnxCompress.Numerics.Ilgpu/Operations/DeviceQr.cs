using ILGPU;
using ILGPU.Runtime;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>
/// Householder QR on the device, in panels of 32 columns, what is right of them brought up to date by three products
/// (LAPACK's geqrf).
/// </summary>
/// <param name="device">The device.</param>
internal sealed class DeviceQr(IlgpuDevice device)
{
    private const int PanelColumns = 32;

    /// <summary>Factors in place.</summary>
    /// <param name="a">m x n.</param>
    /// <param name="scales">min(m, n) scales of reflectors.</param>
    public void Factor(DeviceMatrix<double> a, ArrayView<double> scales)
    {
        var steps = Math.Min(a.Rows, a.Columns);
        using var owed = device.Take<double>(a.Columns);
        for (var first = 0; first < steps; first += PanelColumns)
        {
            var count = Math.Min(PanelColumns, steps - first);
            for (var column = first; column < first + count; column++)
            {
                device.Kernels.MakeReflector(device.OneGroup, a.Memory, a.Steps, a.Rows, column, scales);
                Apply(a, column, first + count, scales, owed.View);
            }

            if (first + count < a.Columns)
            {
                ApplyBlock(a, scales, first, count, a.From(first, first + count), transposed: true);
            }
        }
    }

    /// <summary>Q &lt;- H_1 ... H_k Q.</summary>
    /// <param name="compact">The reflectors, below the diagonal.</param>
    /// <param name="scales">k scales.</param>
    /// <param name="count">k.</param>
    /// <param name="q">As many rows as the reflectors.</param>
    public void ApplyTo(DeviceMatrix<double> compact, ArrayView<double> scales, int count, DeviceMatrix<double> q)
    {
        for (var first = (count - 1) / PanelColumns * PanelColumns; first >= 0 && count > 0; first -= PanelColumns)
        {
            ApplyBlock(compact, scales, first, Math.Min(PanelColumns, count - first), q.From(first, 0), transposed: false);
        }
    }

    /// <summary>Replaces the columns by an orthonormal basis that contains their span, even where they are dependent.</summary>
    /// <param name="columns">Row-major without gaps, at least as many rows as columns.</param>
    public void Orthonormalize(DeviceMatrix<double> columns)
    {
        var (rows, count) = (columns.Rows, columns.Columns);
        using var copy = device.Take<double>((long)rows * count, clear: false);
        using var scales = device.Take<double>(count);
        var (memory, compact) = (columns.Memory.SubView(0, (long)rows * count), IlgpuDevice.Whole(copy, rows, count));
        memory.CopyTo(copy.View);
        Factor(compact, scales.View);
        memory.MemSetToZero();
        device.Kernels.SetDiagonal(count, memory, count);
        ApplyTo(compact, scales.View, count, columns);
    }

    // One reflector on the columns right of it, up to an end.
    private void Apply(DeviceMatrix<double> a, int column, int end, ArrayView<double> scales, ArrayView<double> owed)
    {
        var later = end - column - 1;
        if (later > 0)
        {
            device.Kernels.ReflectorDots(device.SquareGroups(later), a.Memory, a.Steps, a.Rows, column, end, scales, owed);
            device.Kernels.ReflectorUpdate(new Index2D(later, a.Rows - column), a.Memory, a.Steps, column, owed);
        }
    }

    // C <- (I - V T V^T) C, or with T^T: the transposed product of the block's reflectors.
    private void ApplyBlock(DeviceMatrix<double> a, ArrayView<double> scales, int first, int count, DeviceMatrix<double> c, bool transposed)
    {
        var rows = a.Rows - first;
        using var written = device.Take<double>((long)rows * count);
        using var overlaps = device.Take<double>((long)count * count);
        using var accumulated = device.Take<double>((long)count * count);
        using var inner = device.Take<double>((long)count * c.Columns);
        using var mixed = device.Take<double>((long)count * c.Columns);
        var (v, t) = (IlgpuDevice.Whole(written, rows, count), IlgpuDevice.Whole(accumulated, count, count));
        var (w, m) = (IlgpuDevice.Whole(inner, count, c.Columns), IlgpuDevice.Whole(mixed, count, c.Columns));
        var block = a.Window(first, first, rows, count);
        device.Kernels.WriteOut(new Index2D(count, rows), block.Memory, block.Steps, v.Memory, v.Steps);
        device.Multiply(1, v.Transposed, v, 0, IlgpuDevice.Whole(overlaps, count, count));
        device.Kernels.Accumulate(device.OneGroup, overlaps.View, scales, first, count, accumulated.View);
        device.Multiply(1, v.Transposed, c, 0, w);
        device.Multiply(1, transposed ? t.Transposed : t, w, 0, m);
        device.Multiply(-1, v, m, 1, c);
    }
}
