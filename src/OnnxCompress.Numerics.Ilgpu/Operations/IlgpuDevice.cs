using ILGPU;
using ILGPU.Runtime;
using OnnxCompress.Numerics.Ilgpu.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>An accelerator with its kernels: memory, products and triangular solves on it. Not for several threads at once.</summary>
internal sealed class IlgpuDevice
{
    private readonly Accelerator _accelerator;
    private readonly int _edgeThreads;
    private readonly int _lineThreads;

    /// <summary>Wraps an accelerator.</summary>
    /// <param name="accelerator">Stays the caller's.</param>
    /// <param name="edgeThreads">
    /// Threads along an edge of a square group; 0 for what suits: 16, or 1 on the CPU accelerator, where waiting for other
    /// threads of a group costs thousands of times the work.
    /// </param>
    public IlgpuDevice(Accelerator accelerator, int edgeThreads = 0)
    {
        _accelerator = accelerator;
        var onCpu = accelerator.AcceleratorType == AcceleratorType.CPU;
        _edgeThreads = edgeThreads > 0 ? edgeThreads : onCpu ? 1 : ProductKernel.MostThreads;
        while (_edgeThreads * _edgeThreads > accelerator.MaxNumThreadsPerGroup)
        {
            _edgeThreads /= 2;
        }

        _lineThreads = _edgeThreads * _edgeThreads;
        Kernels = new(accelerator);
    }

    /// <summary>The kernels.</summary>
    public KernelSet Kernels { get; }

    /// <summary>One group whose threads share a line.</summary>
    public KernelConfig OneGroup => Groups(1);

    /// <summary>Groups whose threads share a line.</summary>
    public KernelConfig Groups(int count) => new(new Index1D(count), new Index1D(_lineThreads));

    /// <summary>Square groups, each for as many columns as its edge has threads.</summary>
    public KernelConfig SquareGroups(int columns) =>
        new(new Index2D(CeilingDivide(columns, _edgeThreads), 1), new Index2D(_edgeThreads, _edgeThreads));

    /// <summary>How much went between the host and the device.</summary>
    public Transfers Transfers { get; } = new();

    /// <summary>Memory of zeros, or of anything.</summary>
    public DeviceBuffer<T> Take<T>(long length, bool clear = true)
        where T : unmanaged => new(_accelerator, Transfers, length, clear);

    /// <summary>Memory with what the host has.</summary>
    public DeviceBuffer<T> Upload<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var buffer = Take<T>(values.Length, clear: false);
        buffer.Write(values);
        return buffer;
    }

    /// <summary>A matrix from the host, row-major and without gaps, in one transfer.</summary>
    public DeviceBuffer<T> Upload<T>(ReadOnlyMatrixView<T> matrix)
        where T : unmanaged
    {
        if (matrix.Stride == matrix.Columns || matrix.Rows <= 1)
        {
            return Upload<T>(matrix.Values[..(matrix.Rows * matrix.Columns)]);
        }

        return Upload<T>(matrix.ToMatrix().Values);
    }

    /// <summary>A matrix to the host, in one transfer.</summary>
    public static void Download<T>(DeviceBuffer<T> buffer, MatrixView<T> matrix)
        where T : unmanaged
    {
        if (matrix.Stride == matrix.Columns || matrix.Rows <= 1)
        {
            buffer.Read(matrix.Values[..(matrix.Rows * matrix.Columns)]);
            return;
        }

        var compact = new Matrix<T>(matrix.Rows, matrix.Columns);
        buffer.Read(compact.Values);
        matrix.CopyFrom(compact);
    }

    /// <summary>A row-major matrix without gaps.</summary>
    public static DeviceMatrix<T> Whole<T>(DeviceBuffer<T> buffer, int rows, int columns)
        where T : unmanaged => new(buffer.View, 0, rows, columns, new(columns, 1));

    /// <summary>C &lt;- alpha A B + beta C; with <c>lowerOnly</c> tiles above the diagonal are left as they are.</summary>
    public void Multiply(double alpha, DeviceMatrix<double> a, DeviceMatrix<double> b, double beta, DeviceMatrix<double> c, bool lowerOnly = false)
    {
        if (c.Rows > 0 && c.Columns > 0)
        {
            Kernels.Product(Tiles(c.Rows, c.Columns), a.Memory, a.Steps, b.Memory, b.Steps, c.Memory, c.Steps, Shape(alpha, a, b, beta, c, lowerOnly, 1 << 30));
        }
    }

    /// <summary>C &lt;- A B for floats, blocks of at most 256 products summed in float.</summary>
    public void Multiply(DeviceMatrix<float> a, DeviceMatrix<float> b, DeviceMatrix<double> c, bool lowerOnly = false)
    {
        if (c.Rows > 0 && c.Columns > 0)
        {
            Kernels.ProductOfFloats(
                Tiles(c.Rows, c.Columns), a.Memory, a.Steps, b.Memory, b.Steps, c.Memory, c.Steps, Shape(1, a, b, 0, c, lowerOnly, ProductKernel.BlockTerms));
        }
    }

    /// <summary>The sum of products of entries at the same places, in a fixed order.</summary>
    public double Dot(ArrayView<double> a, ArrayView<double> b)
    {
        const int Parts = 64;
        using var sums = Take<double>(Parts);
        Kernels.Dot(Groups(Parts), a, b, sums.View);
        var parts = new double[Parts];
        sums.Read(parts);
        return parts.Sum();
    }

    /// <summary>B &lt;- T^-1 B, by halving: half of the work and more is products.</summary>
    public void Solve(DeviceMatrix<double> t, DeviceMatrix<double> b, bool upper)
    {
        if (t.Rows == 0 || b.Columns == 0)
        {
            return;
        }

        if (t.Rows <= TriangularKernels.BlockSize)
        {
            Kernels.Solve(b.Columns, t.Memory, t.Steps, b.Memory, b.Steps, t.Rows, upper ? 1 : 0);
            return;
        }

        var half = Half(t.Rows);
        var (top, bottom) = (b.Window(0, 0, half, b.Columns), b.From(half, 0));
        if (upper)
        {
            Solve(t.From(half, half), bottom, upper);
            Multiply(-1, t.Window(0, half, half, t.Rows - half), bottom, 1, top);
            Solve(t.Window(0, 0, half, half), top, upper);
        }
        else
        {
            Solve(t.Window(0, 0, half, half), top, upper);
            Multiply(-1, t.Window(half, 0, t.Rows - half, half), top, 1, bottom);
            Solve(t.From(half, half), bottom, upper);
        }
    }

    /// <summary>A = L L^T in the lower triangle of A, by halving.</summary>
    /// <param name="a">What is above the diagonal is spoilt.</param>
    /// <param name="offset">Column of the whole matrix that A starts at.</param>
    /// <param name="failed">One entry: -1, or the first column without a positive pivot.</param>
    public void Cholesky(DeviceMatrix<double> a, int offset, ArrayView<int> failed)
    {
        if (a.Rows == 0)
        {
            return;
        }

        if (a.Rows <= TriangularKernels.BlockSize)
        {
            Kernels.Cholesky(OneGroup, a.Memory, a.Steps, a.Rows, offset, failed);
            return;
        }

        var half = Half(a.Rows);
        var (first, below, rest) = (a.Window(0, 0, half, half), a.Window(half, 0, a.Rows - half, half), a.From(half, half));
        Cholesky(first, offset, failed);
        Solve(first, below.Transposed, upper: false);
        Multiply(-1, below, below.Transposed, 1, rest, lowerOnly: true);
        Cholesky(rest, offset + half, failed);
    }

    private static int Half(int size) => Math.Max(TriangularKernels.BlockSize, size / 2 / TriangularKernels.BlockSize * TriangularKernels.BlockSize);

    private static ProductShape Shape<T>(double alpha, DeviceMatrix<T> a, DeviceMatrix<T> b, double beta, DeviceMatrix<double> c, bool lowerOnly, int blockTerms)
        where T : unmanaged => new(c.Rows, c.Columns, a.Columns, alpha, beta, lowerOnly, blockTerms, a.HasQuads, b.HasQuads);

    private KernelConfig Tiles(int rows, int columns)
    {
        var edge = ProductKernel.Micro * _edgeThreads;
        return new(new Index2D(CeilingDivide(columns, edge), CeilingDivide(rows, edge)), new Index2D(_edgeThreads, _edgeThreads));
    }

    private static int CeilingDivide(int count, int size) => (count + size - 1) / size;
}
