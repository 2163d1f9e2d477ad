using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// The innermost product for 256-bit vectors: a 6-row tile of two vectors a row (8 doubles or 16 floats), 12 of the 16
/// registers hold sums, two hold a slice of B, one an entry of A in all lanes. Lane l of vector v of row i sums
/// A[p, i] B[p, v * lanes + l] over p in order, as in the other kernels. Panels are zero-padded by packing.
/// </summary>
internal static unsafe class MicroKernel256
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
        var sum0L = Vector256<T>.Zero;
        var sum0R = Vector256<T>.Zero;
        var sum1L = Vector256<T>.Zero;
        var sum1R = Vector256<T>.Zero;
        var sum2L = Vector256<T>.Zero;
        var sum2R = Vector256<T>.Zero;
        var sum3L = Vector256<T>.Zero;
        var sum3R = Vector256<T>.Zero;
        var sum4L = Vector256<T>.Zero;
        var sum4R = Vector256<T>.Zero;
        var sum5L = Vector256<T>.Zero;
        var sum5R = Vector256<T>.Zero;
        for (nint step = 0; step < depth; step++)
        {
            var left = Vector256.Load(b);
            var right = Vector256.Load(b + Vector256<T>.Count);
            var row = Vector256.Create(a[0]);
            sum0L = Lanes.MultiplyAdd(row, left, sum0L);
            sum0R = Lanes.MultiplyAdd(row, right, sum0R);
            row = Vector256.Create(a[1]);
            sum1L = Lanes.MultiplyAdd(row, left, sum1L);
            sum1R = Lanes.MultiplyAdd(row, right, sum1R);
            row = Vector256.Create(a[2]);
            sum2L = Lanes.MultiplyAdd(row, left, sum2L);
            sum2R = Lanes.MultiplyAdd(row, right, sum2R);
            row = Vector256.Create(a[3]);
            sum3L = Lanes.MultiplyAdd(row, left, sum3L);
            sum3R = Lanes.MultiplyAdd(row, right, sum3R);
            row = Vector256.Create(a[4]);
            sum4L = Lanes.MultiplyAdd(row, left, sum4L);
            sum4R = Lanes.MultiplyAdd(row, right, sum4R);
            row = Vector256.Create(a[5]);
            sum5L = Lanes.MultiplyAdd(row, left, sum5L);
            sum5R = Lanes.MultiplyAdd(row, right, sum5R);
            a += Rows;
            b += Vectors * Vector256<T>.Count;
        }

        Store(tile, 0, sum0L, sum0R);
        Store(tile, 1, sum1L, sum1R);
        Store(tile, 2, sum2L, sum2R);
        Store(tile, 3, sum3L, sum3R);
        Store(tile, 4, sum4L, sum4R);
        Store(tile, 5, sum5L, sum5R);
    }

    private static void Store<T>(T* tile, int row, Vector256<T> left, Vector256<T> right)
        where T : unmanaged
    {
        left.Store(tile + (row * Vectors * Vector256<T>.Count));
        right.Store(tile + (((row * Vectors) + 1) * Vector256<T>.Count));
    }
}
