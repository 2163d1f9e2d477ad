using ILGPU;
using ILGPU.Runtime;
using OnnxCompress.Numerics.Ilgpu.Operations;
using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics.Ilgpu;

/// <summary>
/// Dense linear algebra on an ILGPU accelerator. Each operation moves its operands once to the device and its result once
/// back; in a chain they stay there. In between nothing waits for the host. What is too small to be worth the transfer, and
/// what a GPU is bad at (full symmetric decompositions), is done by the CPU. Reductions have a fixed order: the same device
/// gives the same bytes. Calls from several threads take turns.
/// </summary>
public sealed partial class IlgpuBackend : IDenseBackend, IDisposable
{
    private readonly Context _context;
    private readonly Accelerator _accelerator;
    private readonly IlgpuDevice _device;
    private readonly CpuBackend _cpu;
    private readonly double _smallestWork;
    private readonly Lock _turn = new();

    internal IlgpuBackend(Context context, Accelerator accelerator, IlgpuBackendOptions options)
    {
        _context = context;
        _accelerator = accelerator;
        _device = new(accelerator, options.EdgeThreads);
        _cpu = new(options.Threads);
        _smallestWork = options.SmallestWork;
    }

    /// <summary>Whether the device is NVIDIA's, through CUDA.</summary>
    public bool IsCuda => _accelerator.AcceleratorType == AcceleratorType.Cuda;

    /// <summary>The device by itself, for measurements.</summary>
    internal IlgpuDevice Device => _device;

    /// <summary>What was copied so far.</summary>
    internal Transfers Transfers => _device.Transfers;

    /// <inheritdoc/>
    public string Name => $"{_accelerator.AcceleratorType switch { AcceleratorType.Cuda => "cuda", AcceleratorType.OpenCL => "opencl", _ => "ilgpu-cpu" }} ({_accelerator.Name})";

    /// <inheritdoc/>
    public int Threads => _cpu.Threads;

    /// <inheritdoc/>
    public void Multiply(double alpha, ReadOnlyMatrixView<float> a, Transpose transposeA, ReadOnlyMatrixView<float> b, Transpose transposeB, double beta, MatrixView<float> c)
    {
        var depth = transposeA == Transpose.No ? a.Columns : a.Rows;
        if (IsSmall(c.Rows, c.Columns, depth) || alpha == 0 || !FloatRange.HoldsProducts(a) || !FloatRange.HoldsProducts(b))
        {
            _cpu.Multiply(alpha, a, transposeA, b, transposeB, beta, c);
            return;
        }

        ViewShape.CheckProduct(a.Rows, a.Columns, transposeA, b.Rows, b.Columns, transposeB, c.Rows, c.Columns);
        var product = new Matrix<float>(c.Rows, c.Columns);
        lock (_turn)
        {
            using var left = _device.Upload(a);
            using var right = _device.Upload(b);
            using var sums = _device.Take<double>((long)c.Rows * c.Columns, clear: false);
            using var rounded = _device.Take<float>((long)c.Rows * c.Columns, clear: false);
            _device.Multiply(
                IlgpuDevice.Whole(left, a.Rows, a.Columns).Oriented(transposeA), IlgpuDevice.Whole(right, b.Rows, b.Columns).Oriented(transposeB), IlgpuDevice.Whole(sums, c.Rows, c.Columns));
            _device.Kernels.Narrow((int)sums.View.Length, sums.View, rounded.View);
            IlgpuDevice.Download(rounded, product);
        }

        for (var row = 0; row < c.Rows; row++)
        {
            var from = product.Row(row);
            var to = c.Row(row);
            for (var column = 0; column < to.Length; column++)
            {
                to[column] = (float)((alpha * from[column]) + (beta == 0 ? 0 : beta * to[column]));
            }
        }
    }

    /// <inheritdoc/>
    public void Multiply(double alpha, ReadOnlyMatrixView<double> a, Transpose transposeA, ReadOnlyMatrixView<double> b, Transpose transposeB, double beta, MatrixView<double> c)
    {
        if (IsSmall(c.Rows, c.Columns, transposeA == Transpose.No ? a.Columns : a.Rows) || alpha == 0)
        {
            _cpu.Multiply(alpha, a, transposeA, b, transposeB, beta, c);
            return;
        }

        ViewShape.CheckProduct(a.Rows, a.Columns, transposeA, b.Rows, b.Columns, transposeB, c.Rows, c.Columns);
        var product = Product(a, transposeA, b, transposeB, c.Rows, c.Columns, lowerOnly: false);
        for (var row = 0; row < c.Rows; row++)
        {
            var from = product.Row(row);
            var to = c.Row(row);
            for (var column = 0; column < to.Length; column++)
            {
                to[column] = (alpha * from[column]) + (beta == 0 ? 0 : beta * to[column]);
            }
        }
    }

    /// <inheritdoc/>
    public void AddGram(ReadOnlyMatrixView<float> rows, MatrixView<double> gram)
    {
        ViewShape.CheckProduct(rows.Rows, rows.Columns, Transpose.Yes, rows.Rows, rows.Columns, Transpose.No, gram.Rows, gram.Columns);
        if (IsSmall(rows.Columns, rows.Columns, rows.Rows))
        {
            _cpu.AddGram(rows, gram);
            return;
        }

        var product = new Matrix<double>(gram.Rows, gram.Columns);
        var inRange = FloatRange.HoldsProducts(rows);
        lock (_turn)
        {
            using var samples = _device.Upload(rows);
            using var sums = _device.Take<double>((long)gram.Rows * gram.Columns);
            var c = IlgpuDevice.Whole(sums, gram.Rows, gram.Columns);
            if (inRange)
            {
                var matrix = IlgpuDevice.Whole(samples, rows.Rows, rows.Columns);
                _device.Multiply(matrix.Transposed, matrix, c, lowerOnly: true);
            }
            else
            {
                using var wide = Widened(samples);
                var matrix = IlgpuDevice.Whole(wide, rows.Rows, rows.Columns);
                _device.Multiply(1, matrix.Transposed, matrix, 0, c, lowerOnly: true);
            }

            IlgpuDevice.Download(sums, product);
        }

        AddLower(product, gram);
    }

    /// <inheritdoc/>
    public void AddGram(ReadOnlyMatrixView<double> rows, MatrixView<double> gram)
    {
        ViewShape.CheckProduct(rows.Rows, rows.Columns, Transpose.Yes, rows.Rows, rows.Columns, Transpose.No, gram.Rows, gram.Columns);
        if (IsSmall(rows.Columns, rows.Columns, rows.Rows))
        {
            _cpu.AddGram(rows, gram);
            return;
        }

        AddLower(Product(rows, Transpose.Yes, rows, Transpose.No, gram.Rows, gram.Columns, lowerOnly: true), gram);
    }

    /// <inheritdoc/>
    public void LargestShares(ReadOnlyMatrixView<double> matrix, Span<double> shares)
    {
        if (IsSmall(matrix.Rows, matrix.Columns, 1))
        {
            _cpu.LargestShares(matrix, shares);
            return;
        }

        ViewShape.CheckLength(matrix.Columns, shares.Length, nameof(shares));
        lock (_turn)
        {
            using var magnitudes = _device.Upload(matrix);
            using var sums = _device.Take<double>(matrix.Rows);
            using var result = _device.Take<double>(matrix.Columns);
            _device.Kernels.RowSums(_device.Groups(matrix.Rows), magnitudes.View, matrix.Columns, sums.View);
            _device.Kernels.LargestShares(matrix.Columns, magnitudes.View, sums.View, result.View);
            result.Read(shares[..matrix.Columns]);
        }
    }

    /// <inheritdoc/>
    public void Locate(ReadOnlySpan<double> cumulated, ReadOnlySpan<double> points, Span<int> places)
    {
        if (IsSmall(points.Length, Math.Log2(cumulated.Length + 1), 1))
        {
            _cpu.Locate(cumulated, points, places);
            return;
        }

        ViewShape.CheckLength(points.Length, places.Length, nameof(places));
        lock (_turn)
        {
            using var sums = _device.Upload(cumulated);
            using var drawn = _device.Upload(points);
            using var result = _device.Take<int>(points.Length);
            _device.Kernels.Locate(points.Length, sums.View, drawn.View, result.View);
            result.Read(places[..points.Length]);
        }
    }

    /// <inheritdoc/>
    public IDenseChain OpenChain(double work) => work < _smallestWork ? new HostChain(_cpu) : new DeviceChain(_device, _turn);

    /// <summary>Frees the device.</summary>
    public void Dispose()
    {
        _accelerator.Dispose();
        _context.Dispose();
    }

    private bool IsSmall(double rows, double columns, double depth) => rows * columns * depth < _smallestWork || rows * columns * depth == 0;

    private Matrix<double> Product(
        ReadOnlyMatrixView<double> a, Transpose transposeA, ReadOnlyMatrixView<double> b, Transpose transposeB, int rows, int columns, bool lowerOnly)
    {
        var product = new Matrix<double>(rows, columns);
        lock (_turn)
        {
            using var left = _device.Upload(a);
            using var right = _device.Upload(b);
            using var sums = _device.Take<double>((long)rows * columns);
            _device.Multiply(
                1,
                IlgpuDevice.Whole(left, a.Rows, a.Columns).Oriented(transposeA),
                IlgpuDevice.Whole(right, b.Rows, b.Columns).Oriented(transposeB),
                0,
                IlgpuDevice.Whole(sums, rows, columns),
                lowerOnly);
            IlgpuDevice.Download(sums, product);
        }

        return product;
    }

    private DeviceBuffer<double> Widened(DeviceBuffer<float> narrow)
    {
        var wide = _device.Take<double>(narrow.View.Length);
        if (narrow.View.Length > 0)
        {
            _device.Kernels.Widen((int)narrow.View.Length, narrow.View, wide.View);
        }

        return wide;
    }

    // Only the lower triangle was computed; the upper one mirrors the sum, so that it is symmetric to the bit.
    private static void AddLower(Matrix<double> product, MatrixView<double> gram)
    {
        for (var row = 0; row < gram.Rows; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                gram[row, column] += product[row, column];
                gram[column, row] = gram[row, column];
            }
        }
    }
}
