using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>
/// C &lt;- alpha A B + beta C, everything in double.
/// </summary>
/// <remarks>
/// A group of t x t threads makes a tile of 4t x 4t entries of C. Slices of A and B, 16 deep, lie in shared memory; a thread
/// takes rows y, y + t, y + 2t, y + 3t and columns x, x + t, ..., so that neighbours read neighbouring words of B and write
/// neighbouring entries of C. Its 16 sums are named, not indexed, so that they stay in registers: s21 is the sum of row 2 and column 1.
/// </remarks>
internal static class DoubleProduct
{
    private const int Pitch = ProductTile.MostEdge + 1; // odd: a slice that is read down its depth meets every bank

    /// <summary>The kernel; grid: tiles across, tiles down; group: t x t.</summary>
    public static void Run(ArrayView<double> a, Steps aSteps, ArrayView<double> b, Steps bSteps, ArrayView<double> c, Steps cSteps, ProductShape shape)
    {
        var threads = Group.DimX;
        var edge = ProductTile.Micro * threads;
        var (x, y) = (Group.IdxX, Group.IdxY);
        var (top, first) = (Grid.IdxY * edge, Grid.IdxX * edge);
        if (shape.LowerOnly != 0 && first >= top + edge)
        {
            return; // the whole group
        }

        var left = SharedMemory.Allocate<double>(ProductTile.Depth * Pitch);
        var right = SharedMemory.Allocate<double>(ProductTile.Depth * Pitch);
        double s00 = 0, s01 = 0, s02 = 0, s03 = 0;
        double s10 = 0, s11 = 0, s12 = 0, s13 = 0;
        double s20 = 0, s21 = 0, s22 = 0, s23 = 0;
        double s30 = 0, s31 = 0, s32 = 0, s33 = 0;
        for (var start = 0; start < shape.Depth; start += ProductTile.Depth)
        {
            for (var element = (y * threads) + x; element < edge * ProductTile.Depth; element += threads * threads)
            {
                // Neighbouring threads read neighbouring elements of memory, whichever way the matrix lies.
                var (row, depth) = aSteps.Column == 1 ? (element / ProductTile.Depth, element % ProductTile.Depth) : (element % edge, element / edge);
                double value = 0;
                if (top + row < shape.Rows && start + depth < shape.Depth)
                {
                    value = a[aSteps.At(top + row, start + depth)];
                }

                left[(depth * Pitch) + row] = value;
                var (column, deep) = bSteps.Row == 1 ? (element / ProductTile.Depth, element % ProductTile.Depth) : (element % edge, element / edge);
                value = 0;
                if (first + column < shape.Columns && start + deep < shape.Depth)
                {
                    value = b[bSteps.At(start + deep, first + column)];
                }

                right[(deep * Pitch) + column] = value;
            }

            Group.Barrier();
            for (var depth = 0; depth < ProductTile.Depth; depth++)
            {
                var (atLeft, atRight) = ((depth * Pitch) + y, (depth * Pitch) + x);
                var (a0, a1, a2, a3) = (left[atLeft], left[atLeft + threads], left[atLeft + (2 * threads)], left[atLeft + (3 * threads)]);
                var (b0, b1, b2, b3) = (right[atRight], right[atRight + threads], right[atRight + (2 * threads)], right[atRight + (3 * threads)]);
                s00 += a0 * b0;
                s01 += a0 * b1;
                s02 += a0 * b2;
                s03 += a0 * b3;
                s10 += a1 * b0;
                s11 += a1 * b1;
                s12 += a1 * b2;
                s13 += a1 * b3;
                s20 += a2 * b0;
                s21 += a2 * b1;
                s22 += a2 * b2;
                s23 += a2 * b3;
                s30 += a3 * b0;
                s31 += a3 * b1;
                s32 += a3 * b2;
                s33 += a3 * b3;
            }

            Group.Barrier();
        }

        var (i, j) = (top + y, first + x);
        ProductTile.Store(c, cSteps, shape, i, j, threads, s00, s01, s02, s03);
        ProductTile.Store(c, cSteps, shape, i + threads, j, threads, s10, s11, s12, s13);
        ProductTile.Store(c, cSteps, shape, i + (2 * threads), j, threads, s20, s21, s22, s23);
        ProductTile.Store(c, cSteps, shape, i + (3 * threads), j, threads, s30, s31, s32, s33);
    }
}
