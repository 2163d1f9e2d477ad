using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>What blocked factorisations do on their diagonal blocks; everything else is products.</summary>
internal static class TriangularKernels
{
    /// <summary>Largest diagonal block.</summary>
    public const int BlockSize = 32;

    /// <summary>B &lt;- T^-1 B for a small T; a thread has a column of B to itself.</summary>
    /// <param name="column">The column.</param>
    /// <param name="t">size x size.</param>
    /// <param name="tSteps">Its steps.</param>
    /// <param name="b">size x any.</param>
    /// <param name="bSteps">Its steps.</param>
    /// <param name="size">At most <see cref="BlockSize"/>.</param>
    /// <param name="upper">1: T is upper triangular, 0: lower.</param>
    public static void Solve(Index1D column, ArrayView<double> t, Steps tSteps, ArrayView<double> b, Steps bSteps, int size, int upper)
    {
        for (var step = 0; step < size; step++)
        {
            var row = upper != 0 ? size - 1 - step : step;
            var (from, to) = upper != 0 ? (row + 1, size) : (0, row);
            var sum = b[bSteps.At(row, column)];
            for (var known = from; known < to; known++)
            {
                sum -= t[tSteps.At(row, known)] * b[bSteps.At(known, column)];
            }

            b[bSteps.At(row, column)] = sum / t[tSteps.At(row, row)];
        }
    }

    /// <summary>A = L L^T for a small A, lower triangle in place; one group, its threads share the rows.</summary>
    /// <param name="a">size x size.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="size">At most <see cref="BlockSize"/>.</param>
    /// <param name="offset">Column of the whole matrix that the block starts at.</param>
    /// <param name="failed">One entry: -1, or the first column of the whole matrix whose pivot is not positive; then nothing more is done.</param>
    public static void Cholesky(ArrayView<double> a, Steps steps, int size, int offset, ArrayView<int> failed)
    {
        // A failure spoils what follows, and nobody returns before a barrier on what another thread writes.
        var stopped = failed[0] >= 0;
        var (lane, lanes) = (Group.IdxX, Group.DimX);
        for (var column = 0; column < size; column++)
        {
            for (var row = column + lane; row < size; row += lanes)
            {
                var sum = a[steps.At(row, column)];
                for (var known = 0; known < column; known++)
                {
                    sum -= a[steps.At(row, known)] * a[steps.At(column, known)];
                }

                a[steps.At(row, column)] = sum;
            }

            Group.Barrier();
            var pivot = a[steps.At(column, column)];
            Group.Barrier(); // everybody has read it
            if (!(pivot > 0) && !stopped)
            {
                stopped = true;
                if (lane == 0)
                {
                    failed[0] = offset + column;
                }
            }

            var root = System.Math.Sqrt(pivot);
            for (var row = column + lane; row < size; row += lanes)
            {
                a[steps.At(row, column)] = row == column ? root : a[steps.At(row, column)] / root;
            }

            Group.Barrier();
        }
    }
}
