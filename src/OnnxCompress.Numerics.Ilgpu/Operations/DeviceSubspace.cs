using ILGPU;
using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>The subspace iteration on the device: the matrix goes there once, between products only what is as wide as the subspace moves.</summary>
internal sealed class DeviceSubspace : SubspaceIteration<DeviceMatrix<double>>, IDisposable
{
    private readonly IlgpuDevice _device;
    private readonly CpuBackend _cpu;
    private readonly DeviceQr _qr;
    private readonly DeviceMatrix<double> _a;
    private readonly DeviceBuffer<double> _projected;

    private DeviceSubspace(
        IlgpuDevice device, CpuBackend cpu, DeviceMatrix<double> a, int wanted, (DeviceMatrix<double> Basis, DeviceMatrix<double> Image, DeviceMatrix<double> Spare) blocks)
        : base(a.Rows, wanted, blocks)
    {
        (_device, _cpu, _qr, _a) = (device, cpu, new(device), a);
        _projected = device.Take<double>((long)Ritz.Length * Ritz.Length);
    }

    /// <summary>Iterates on a symmetric matrix.</summary>
    /// <returns>False when more products would be needed than a full decomposition is worth.</returns>
    public static bool Run(IlgpuDevice device, CpuBackend cpu, ReadOnlyMatrixView<double> matrix, Span<double> values, MatrixView<double> vectors, Random random)
    {
        var (n, count, width) = (matrix.Rows, vectors.Columns, SubspaceWidth.Of(vectors.Columns));
        var start = new Matrix<double>(n, width);
        var lowest = Start(cpu, matrix, start, random);
        using var source = device.Upload(matrix);
        using var basis = device.Upload<double>(start.Values);
        using var image = device.Take<double>((long)n * width, clear: false);
        using var spare = device.Take<double>((long)n * width, clear: false);
        using var found = device.Take<double>((long)n * count, clear: false);
        using var work = new DeviceSubspace(
            device, cpu, IlgpuDevice.Whole(source, n, n), count,
            (IlgpuDevice.Whole(basis, n, width), IlgpuDevice.Whole(image, n, width), IlgpuDevice.Whole(spare, n, width)));
        if (!work.Run(lowest, values, IlgpuDevice.Whole(found, n, count)))
        {
            return false;
        }

        IlgpuDevice.Download(found, vectors);
        return true;
    }

    public void Dispose() => _projected.Dispose();

    /// <inheritdoc/>
    protected override void Product(double alpha, DeviceMatrix<double> x, double beta, DeviceMatrix<double> y) => _device.Multiply(alpha, _a, x, beta, y);

    /// <inheritdoc/>
    protected override DeviceMatrix<double> Window(DeviceMatrix<double> block, int firstColumn, int columns) => block.Window(0, firstColumn, block.Rows, columns);

    /// <inheritdoc/>
    protected override void Combine(DeviceMatrix<double> x, double a, DeviceMatrix<double> y, double b, DeviceMatrix<double> target) =>
        _device.Kernels.Combine(new Index2D(target.Columns, target.Rows), x.Memory, x.Steps, a, y.Memory, y.Steps, b, target.Memory, target.Steps);

    /// <inheritdoc/>
    protected override void Copy(DeviceMatrix<double> source, DeviceMatrix<double> target) => Combine(source, 1, source, 0, target);

    /// <inheritdoc/>
    protected override void Orthonormalize(DeviceMatrix<double> block) => _qr.Orthonormalize(block);

    /// <inheritdoc/>
    protected override DeviceMatrix<double> Rotation(DeviceMatrix<double> x, DeviceMatrix<double> y)
    {
        var width = Ritz.Length;
        var projected = IlgpuDevice.Whole(_projected, width, width);
        _device.Multiply(1, x.Transposed, y, 0, projected);
        var small = new Matrix<double>(width, width);
        IlgpuDevice.Download(_projected, small);
        var vectors = new Matrix<double>(width, width);
        _cpu.DecomposeSymmetric(small, Ritz, vectors);
        _projected.Write(vectors.Values);
        return projected;
    }

    /// <inheritdoc/>
    protected override void Rotate(DeviceMatrix<double> x, DeviceMatrix<double> rotation, DeviceMatrix<double> target) => _device.Multiply(1, x, rotation, 0, target);

    /// <inheritdoc/>
    protected override void Residuals(DeviceMatrix<double> x, DeviceMatrix<double> y, Span<double> squares)
    {
        using var values = _device.Upload<double>(Ritz.AsSpan(0, squares.Length));
        using var result = _device.Take<double>(squares.Length);
        _device.Kernels.Residuals(squares.Length, x.Memory, y.Memory, x.Rows, x.Columns, values.View, result.View);
        result.Read(squares);
    }

    // The random block, and an estimate of the other end of the spectrum from its first column.
    private static unsafe double Start(CpuBackend cpu, ReadOnlyMatrixView<double> matrix, Matrix<double> start, Random random)
    {
        fixed (double* pm = matrix.Values, ps = start.Values)
        {
            using var team = new Team(cpu.Threads);
            var block = new Block<double>(ps, start.Rows, start.Columns, start.Columns);
            GaussianFill.Run(random, block);
            return LowestEigenvalue.Estimate(team, new(pm, matrix.Rows, matrix.Columns, matrix.Stride), block.Window(0, 0, start.Rows, 1));
        }
    }
}
