using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Numerics.Ilgpu.Operations;

/// <summary>
/// Randomized truncated SVD (Halko, Martinsson, Tropp, Finding Structure with Randomness, SIAM Review 2011, algorithms 4.4
/// and 5.1), as the CPU does it: the matrix goes to the device once, the sketch stays there.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="cpu">Decomposes the small matrix.</param>
internal sealed class DeviceRandomizedSvd(IlgpuDevice device, CpuBackend cpu)
{
    /// <summary>Leading triplets.</summary>
    /// <param name="matrix">m x n.</param>
    /// <param name="width">Columns of the sketch, below min(m, n).</param>
    /// <param name="left">m x k.</param>
    /// <param name="values">k.</param>
    /// <param name="rightTransposed">k x n.</param>
    /// <param name="random">Seeded.</param>
    /// <param name="powerIterations">0 or more.</param>
    public void Run(
        DeviceMatrix matrix, int width, MatrixView<double> left, Span<double> values, MatrixView<double> rightTransposed, Random random, int powerIterations)
    {
        var (m, n, k) = (matrix.Rows, matrix.Columns, left.Columns);
        var qr = new DeviceQr(device);
        using var outer = device.Take<double>((long)m * width);
        using var inner = device.Upload<double>(Gaussian(random, n, width).Values);
        var (tall, wide) = (IlgpuDevice.Whole(outer, m, width), IlgpuDevice.Whole(inner, n, width));
        device.Multiply(1, matrix, wide, 0, tall);
        qr.Orthonormalize(outer, m, width);
        for (var round = 0; round < powerIterations; round++)
        {
            device.Multiply(1, matrix.Transposed, tall, 0, wide);
            qr.Orthonormalize(inner, n, width);
            device.Multiply(1, matrix, wide, 0, tall);
            qr.Orthonormalize(outer, m, width);
        }

        // B^T = A^T Q (n x width) = V S U_B^T, so A ~ Q B = (Q U_B) S V^T.
        device.Multiply(1, matrix.Transposed, tall, 0, wide);
        var small = new Matrix<double>(n, width);
        IlgpuDevice.Download(inner, small);
        var svd = cpu.ThinSvd(small);
        svd.Values.AsSpan(0, k).CopyTo(values);
        rightTransposed.CopyFrom(svd.Left.Transpose().View.Window(0, 0, k, n));
        using var mixing = device.Upload<double>(svd.RightTransposed.Values);
        using var product = device.Take<double>((long)m * k);
        device.Multiply(1, tall, IlgpuDevice.Whole(mixing, width, width).Window(0, 0, k, width).Transposed, 0, IlgpuDevice.Whole(product, m, k));
        IlgpuDevice.Download(product, left);
    }

    private static unsafe Matrix<double> Gaussian(Random random, int rows, int columns)
    {
        var matrix = new Matrix<double>(rows, columns);
        fixed (double* p = matrix.Values)
        {
            GaussianFill.Run(random, new Block<double>(p, rows, columns, columns));
        }

        return matrix;
    }
}
