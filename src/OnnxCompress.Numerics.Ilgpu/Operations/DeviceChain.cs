using System.Diagnostics.CodeAnalysis;
using ILGPU;
using ILGPU.Runtime;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>A chain whose matrices lie in the device's memory, row-major and without gaps.</summary>
/// <param name="device">Does the work.</param>
/// <param name="turn">Held for each operation: chains of several threads take turns.</param>
internal sealed class DeviceChain(IlgpuDevice device, Lock turn) : IDenseChain
{
    private readonly List<Operand> _operands = [];

    /// <inheritdoc/>
    [SuppressMessage("Reliability", "CA2000", Justification = "The chain keeps the memory and frees it.")]
    public IDenseOperand Put(Matrix<double> matrix)
    {
        lock (turn)
        {
            return Keep(device.Upload<double>(matrix.Values), matrix.Rows, matrix.Columns);
        }
    }

    /// <inheritdoc/>
    public IDenseOperand Copy(IDenseOperand source, double shift = 0)
    {
        var from = Of(source);
        lock (turn)
        {
            var copy = New(from.Rows, from.Columns);
            if (copy.Buffer.View.Length > 0)
            {
                from.Buffer.View.CopyTo(copy.Buffer.View);
            }

            var diagonal = Math.Min(from.Rows, from.Columns);
            if (shift != 0 && diagonal > 0)
            {
                device.Kernels.ShiftDiagonal(diagonal, copy.Buffer.View, from.Columns, shift);
            }

            return copy;
        }
    }

    /// <inheritdoc/>
    public IDenseOperand Part(IDenseOperand source, ReadOnlySpan<int> indices)
    {
        var from = Of(source);
        lock (turn)
        {
            var selected = New(indices.Length, indices.Length);
            if (indices.Length > 0)
            {
                using var places = device.Upload(indices);
                device.Kernels.Select(new Index2D(indices.Length, indices.Length), from.Buffer.View, from.Columns, places.View, selected.Buffer.View);
            }

            return selected;
        }
    }

    /// <inheritdoc/>
    public IDenseOperand Product(IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB)
    {
        lock (turn)
        {
            var product = New(transposeA == Transpose.No ? a.Rows : a.Columns, transposeB == Transpose.No ? b.Columns : b.Rows);
            Multiply(1, a, transposeA, b, transposeB, 0, product);
            return product;
        }
    }

    /// <inheritdoc/>
    public void Multiply(double alpha, IDenseOperand a, Transpose transposeA, IDenseOperand b, Transpose transposeB, double beta, IDenseOperand c)
    {
        ViewShape.CheckProduct(a.Rows, a.Columns, transposeA, b.Rows, b.Columns, transposeB, c.Rows, c.Columns);
        lock (turn)
        {
            device.Multiply(alpha, Of(a).Whole.Oriented(transposeA), Of(b).Whole.Oriented(transposeB), beta, Of(c).Whole);
        }
    }

    /// <inheritdoc/>
    public void AddScaled(double factor, IDenseOperand x, IDenseOperand y)
    {
        ViewShape.CheckSame(x.Rows, x.Columns, y.Rows, y.Columns, nameof(y));
        lock (turn)
        {
            var (from, to) = (Of(x).Buffer.View, Of(y).Buffer.View);
            if (to.Length > 0)
            {
                device.Kernels.AddScaled(checked((int)to.Length), factor, from, to);
            }
        }
    }

    /// <inheritdoc/>
    public int FactorCholesky(IDenseOperand matrix)
    {
        ViewShape.CheckSquare(matrix.Rows, matrix.Columns, nameof(matrix));
        lock (turn)
        {
            using var failed = device.Upload<int>([-1]);
            device.Cholesky(Of(matrix).Whole, 0, failed.View);
            var column = new int[1];
            failed.Read(column);
            return column[0];
        }
    }

    /// <inheritdoc/>
    public void SolveCholesky(IDenseOperand factor, IDenseOperand rightSide)
    {
        ViewShape.CheckSame(factor.Rows, rightSide.Columns, rightSide.Rows, rightSide.Columns, nameof(rightSide));
        lock (turn)
        {
            device.Solve(Of(factor).Whole, Of(rightSide).Whole, upper: false);
            device.Solve(Of(factor).Whole.Transposed, Of(rightSide).Whole, upper: true);
        }
    }

    /// <inheritdoc/>
    public double Dot(IDenseOperand a, IDenseOperand b)
    {
        ViewShape.CheckSame(a.Rows, a.Columns, b.Rows, b.Columns, nameof(b));
        lock (turn)
        {
            return device.Dot(Of(a).Buffer.View, Of(b).Buffer.View);
        }
    }

    /// <inheritdoc/>
    public void Read(IDenseOperand operand, MatrixView<double> destination)
    {
        ViewShape.CheckSame(operand.Rows, operand.Columns, destination.Rows, destination.Columns, nameof(destination));
        lock (turn)
        {
            IlgpuDevice.Download(Of(operand).Buffer, destination);
        }
    }

    /// <inheritdoc/>
    public void ReadRow(IDenseOperand operand, int row, Span<double> destination)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)operand.Rows, nameof(row));
        lock (turn)
        {
            Of(operand).Buffer.Read(destination[..operand.Columns], (long)row * operand.Columns);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (turn)
        {
            foreach (var operand in _operands)
            {
                operand.Buffer.Dispose();
            }

            _operands.Clear();
        }
    }

    private static Operand Of(IDenseOperand operand) => (Operand)operand;

    [SuppressMessage("Reliability", "CA2000", Justification = "The chain keeps the memory and frees it.")]
    private Operand New(int rows, int columns) => Keep(device.Take<double>((long)rows * columns, clear: false), rows, columns);

    private Operand Keep(DeviceBuffer<double> buffer, int rows, int columns)
    {
        var operand = new Operand(this, buffer, rows, columns);
        _operands.Add(operand);
        return operand;
    }

    private void Free(Operand operand)
    {
        lock (turn)
        {
            if (_operands.Remove(operand))
            {
                operand.Buffer.Dispose();
            }
        }
    }

    private sealed class Operand(DeviceChain chain, DeviceBuffer<double> buffer, int rows, int columns) : IDenseOperand
    {
        public DeviceBuffer<double> Buffer => buffer;

        public int Rows => rows;

        public int Columns => columns;

        public DeviceMatrix<double> Whole => IlgpuDevice.Whole(buffer, rows, columns);

        public void Dispose() => chain.Free(this);
    }
}
