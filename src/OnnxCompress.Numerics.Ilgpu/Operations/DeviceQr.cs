using ILGPU;
using ILGPU.Runtime;
using OnnxCompress.Numerics.Ilgpu.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>
/// Householder QR on the device. Without pivots in panels of 32 columns, what is right of them brought up to date by three
/// products (LAPACK's geqrf); with pivots column by column, because the next choice needs every norm.
/// </summary>
/// <param name="device">The device.</param>
internal sealed class DeviceQr(IlgpuDevice device)
{
    private const int PanelColumns = 32;

    /// <summary>Factors in place.</summary>
    /// <param name="a">m x n.</param>
    /// <param name="scales">min(m, n) scales of reflectors.</param>
    public void Factor(DeviceMatrix a, ArrayView<double> scales)
    {
        var steps = Math.Min(a.Rows, a.Columns);
        using var owed = device.Take<double>(a.Columns);
        using var never = device.Take<int>(1);
        for (var first = 0; first < steps; first += PanelColumns)
        {
            var count = Math.Min(PanelColumns, steps - first);
            for (var column = first; column < first + count; column++)
            {
                device.Kernels.MakeReflector(device.OneGroup, a.Memory, a.Steps, a.Rows, column, scales, never.View);
                Apply(a, column, first + count, scales, owed.View, never.View);
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
    public void ApplyTo(DeviceMatrix compact, ArrayView<double> scales, int count, DeviceMatrix q)
    {
        for (var first = (count - 1) / PanelColumns * PanelColumns; first >= 0 && count > 0; first -= PanelColumns)
        {
            ApplyBlock(compact, scales, first, Math.Min(PanelColumns, count - first), q.From(first, 0), transposed: false);
        }
    }

    /// <summary>Replaces the columns by an orthonormal basis that contains their span.</summary>
    /// <param name="columns">The matrix, row-major without gaps.</param>
    /// <param name="rows">Its rows, at least as many as its columns.</param>
    /// <param name="count">Its columns.</param>
    public void Orthonormalize(DeviceBuffer<double> columns, int rows, int count)
    {
        using var compact = device.Take<double>(columns.View.Length);
        using var scales = device.Take<double>(count);
        columns.View.CopyTo(compact.View);
        Factor(IlgpuDevice.Whole(compact, rows, count), scales.View);
        columns.View.MemSetToZero();
        device.Kernels.SetDiagonal(Math.Min(rows, count), columns.View, count);
        ApplyTo(IlgpuDevice.Whole(compact, rows, count), scales.View, Math.Min(rows, count), IlgpuDevice.Whole(columns, rows, count));
    }

    /// <summary>Factors with column pivots; steps are queued without waiting, and do nothing once the tolerance is reached.</summary>
    /// <param name="a">m x n.</param>
    /// <param name="scales">min(m, n) scales.</param>
    /// <param name="pivots">n positions, 0, 1, ... to begin with.</param>
    /// <param name="maxRank">Most steps.</param>
    /// <param name="relativeTolerance">Share of the first norm at which to stop.</param>
    /// <returns>The rank.</returns>
    public int FactorPivoted(DeviceMatrix a, ArrayView<double> scales, ArrayView<int> pivots, int maxRank, double relativeTolerance)
    {
        if (maxRank == 0)
        {
            return 0;
        }

        using var norms = device.Take<double>(a.Columns);
        using var reference = device.Take<double>(a.Columns);
        using var owed = device.Take<double>(a.Columns);
        using var threshold = device.Take<double>(1);
        using var state = device.Take<int>(3);
        var kernels = device.Kernels;
        kernels.MeasureColumns(a.Columns, a.Memory, a.Steps, a.Rows, norms.View, reference.View);
        for (var step = 0; step < maxRank; step++)
        {
            kernels.ChooseColumn(device.OneGroup, norms.View, reference.View, pivots, state.View, threshold.View, step, relativeTolerance);
            kernels.ExchangeColumns(a.Rows, a.Memory, a.Steps, state.View, step);
            kernels.MakeReflector(device.OneGroup, a.Memory, a.Steps, a.Rows, step, scales, state.View);
            Apply(a, step, a.Columns, scales, owed.View, state.View);
            if (step + 1 < a.Columns)
            {
                kernels.DowndateColumns(a.Columns - step - 1, a.Memory, a.Steps, a.Rows, norms.View, reference.View, state.View, step);
            }
        }

        var found = new int[3];
        state.Read(found);
        return found[ColumnPivotKernels.Rank];
    }

    // One reflector on the columns right of it, up to an end.
    private void Apply(DeviceMatrix a, int column, int end, ArrayView<double> scales, ArrayView<double> owed, ArrayView<int> state)
    {
        var later = end - column - 1;
        if (later > 0)
        {
            device.Kernels.ReflectorDots(device.SquareGroups(later), a.Memory, a.Steps, a.Rows, column, end, scales, owed, state);
            device.Kernels.ReflectorUpdate(new Index2D(later, a.Rows - column), a.Memory, a.Steps, column, owed, state);
        }
    }

    // C <- (I - V T V^T) C, or with T^T: the transposed product of the block's reflectors.
    private void ApplyBlock(DeviceMatrix a, ArrayView<double> scales, int first, int count, DeviceMatrix c, bool transposed)
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
