using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// The innermost product for 128-bit vectors (NEON, SSE): a 6-row tile of two vectors a row (4 doubles or 8 floats),
/// 12 registers of sums, so that it fits machines with 16. Lane l of vector v of row i sums A[p, i] B[p, v * lanes + l]
/// over p in order, as in the other kernels. Panels are zero-padded by packing.
/// </summary>
internal static unsafe class MicroKernel128
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 6;

    /// <summary>Vectors in a row of a tile.</summary>
    public const int Vectors = 2;

    /// <summary>tile (Rows x 2 vectors, contiguous) = A^T B for packed panels of the given depth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // compiled well at the first call: a run may have only a few
    public static void Tile<T>(nint depth, T* a, T* b, T* tile)
        where T : unmanaged
    {
        // sumIJ: row I, vector J of the tile. All of them stay in registers for the whole loop.
        var sum0L = Vector128<T>.Zero;
        var sum0R = Vector128<T>.Zero;
        var sum1L = Vector128<T>.Zero;
        var sum1R = Vector128<T>.Zero;
        var sum2L = Vector128<T>.Zero;
        var sum2R = Vector128<T>.Zero;
        var sum3L = Vector128<T>.Zero;
        var sum3R = Vector128<T>.Zero;
        var sum4L = Vector128<T>.Zero;
        var sum4R = Vector128<T>.Zero;
        var sum5L = Vector128<T>.Zero;
        var sum5R = Vector128<T>.Zero;
        for (nint step = 0; step < depth; step++)
        {
            var left = Vector128.Load(b);
            var right = Vector128.Load(b + Vector128<T>.Count);
            var row = Vector128.Create(a[0]);
            sum0L = Lanes.MultiplyAdd(row, left, sum0L);
            sum0R = Lanes.MultiplyAdd(row, right, sum0R);
            row = Vector128.Create(a[1]);
            sum1L = Lanes.MultiplyAdd(row, left, sum1L);
            sum1R = Lanes.MultiplyAdd(row, right, sum1R);
            row = Vector128.Create(a[2]);
            sum2L = Lanes.MultiplyAdd(row, left, sum2L);
            sum2R = Lanes.MultiplyAdd(row, right, sum2R);
            row = Vector128.Create(a[3]);
            sum3L = Lanes.MultiplyAdd(row, left, sum3L);
            sum3R = Lanes.MultiplyAdd(row, right, sum3R);
            row = Vector128.Create(a[4]);
            sum4L = Lanes.MultiplyAdd(row, left, sum4L);
            sum4R = Lanes.MultiplyAdd(row, right, sum4R);
            row = Vector128.Create(a[5]);
            sum5L = Lanes.MultiplyAdd(row, left, sum5L);
            sum5R = Lanes.MultiplyAdd(row, right, sum5R);
            a += Rows;
            b += Vectors * Vector128<T>.Count;
        }

        Store(tile, 0, sum0L, sum0R);
        Store(tile, 1, sum1L, sum1R);
        Store(tile, 2, sum2L, sum2R);
        Store(tile, 3, sum3L, sum3R);
        Store(tile, 4, sum4L, sum4R);
        Store(tile, 5, sum5L, sum5R);
    }

    private static void Store<T>(T* tile, int row, Vector128<T> left, Vector128<T> right)
        where T : unmanaged
    {
        left.Store(tile + (row * Vectors * Vector128<T>.Count));
        right.Store(tile + (((row * Vectors) + 1) * Vector128<T>.Count));
    }
}
