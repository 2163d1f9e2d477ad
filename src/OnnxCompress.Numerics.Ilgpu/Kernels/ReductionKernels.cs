using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Sums, always in the same order.</summary>
internal static class ReductionKernels
{
    /// <summary>Parts of a scalar product; one for each group.</summary>
    public static void Dot(ArrayView<double> a, ArrayView<double> b, ArrayView<double> sums)
    {
        var shared = SharedMemory.Allocate<double>(GroupSum.MostThreads);
        var part = 0.0;
        var step = (long)Grid.DimX * Group.DimX;
        for (var index = ((long)Grid.IdxX * Group.DimX) + Group.IdxX; index < a.Length; index += step)
        {
            part += a[index] * b[index];
        }

        var sum = GroupSum.All(shared, part);
        if (Group.IdxX == 0)
        {
            sums[Grid.IdxX] = sum;
        }
    }

    /// <summary>||y_j - value_j x_j||^2 for a column of two row-major matrices; a thread has a column.</summary>
    public static void Residuals(Index1D column, ArrayView<double> x, ArrayView<double> y, int rows, int columns, ArrayView<double> values, ArrayView<double> squares)
    {
        var sum = 0.0;
        for (var row = 0; row < rows; row++)
        {
            var at = ((long)row * columns) + column;
            var residual = y[at] - (values[column] * x[at]);
            sum += residual * residual;
        }

        squares[column] = sum;
    }
}
