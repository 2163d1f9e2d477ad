using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// The innermost product for 512-bit vectors: a 12-row tile of two vectors a row (16 doubles or 32 floats), 24 of the 32
/// registers hold sums, two hold a slice of B, one an entry of A in all lanes. Lane l of vector v of row i sums
/// A[p, i] B[p, v * lanes + l] over p in order: what the scalar kernel does, up to fusing. Panels are zero-padded by
/// packing, so there are no remainders here.
/// </summary>
internal static unsafe class MicroKernel512
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 12;

    /// <summary>Vectors in a row of a tile.</summary>
    public const int Vectors = 2;

    /// <summary>tile (Rows x 2 vectors, contiguous) = A^T B for packed panels of the given depth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // compiled well at the first call: a run may have only a few
    public static void Tile<T>(nint depth, T* a, T* b, T* tile)
        where T : unmanaged
    {
        // sumIJ: row I, vector J of the tile. All of them stay in registers for the whole loop.
        var sum00L = Vector512<T>.Zero;
        var sum00R = Vector512<T>.Zero;
        var sum01L = Vector512<T>.Zero;
        var sum01R = Vector512<T>.Zero;
        var sum02L = Vector512<T>.Zero;
        var sum02R = Vector512<T>.Zero;
        var sum03L = Vector512<T>.Zero;
        var sum03R = Vector512<T>.Zero;
        var sum04L = Vector512<T>.Zero;
        var sum04R = Vector512<T>.Zero;
        var sum05L = Vector512<T>.Zero;
        var sum05R = Vector512<T>.Zero;
        var sum06L = Vector512<T>.Zero;
        var sum06R = Vector512<T>.Zero;
        var sum07L = Vector512<T>.Zero;
        var sum07R = Vector512<T>.Zero;
        var sum08L = Vector512<T>.Zero;
        var sum08R = Vector512<T>.Zero;
        var sum09L = Vector512<T>.Zero;
        var sum09R = Vector512<T>.Zero;
        var sum10L = Vector512<T>.Zero;
        var sum10R = Vector512<T>.Zero;
        var sum11L = Vector512<T>.Zero;
        var sum11R = Vector512<T>.Zero;
        for (nint step = 0; step < depth; step++)
        {
            var left = Vector512.Load(b);
            var right = Vector512.Load(b + Vector512<T>.Count);
            var row = Vector512.Create(a[0]);
            sum00L = Lanes.MultiplyAdd(row, left, sum00L);
            sum00R = Lanes.MultiplyAdd(row, right, sum00R);
            row = Vector512.Create(a[1]);
            sum01L = Lanes.MultiplyAdd(row, left, sum01L);
            sum01R = Lanes.MultiplyAdd(row, right, sum01R);
            row = Vector512.Create(a[2]);
            sum02L = Lanes.MultiplyAdd(row, left, sum02L);
            sum02R = Lanes.MultiplyAdd(row, right, sum02R);
            row = Vector512.Create(a[3]);
            sum03L = Lanes.MultiplyAdd(row, left, sum03L);
            sum03R = Lanes.MultiplyAdd(row, right, sum03R);
            row = Vector512.Create(a[4]);
            sum04L = Lanes.MultiplyAdd(row, left, sum04L);
            sum04R = Lanes.MultiplyAdd(row, right, sum04R);
            row = Vector512.Create(a[5]);
            sum05L = Lanes.MultiplyAdd(row, left, sum05L);
            sum05R = Lanes.MultiplyAdd(row, right, sum05R);
            row = Vector512.Create(a[6]);
            sum06L = Lanes.MultiplyAdd(row, left, sum06L);
            sum06R = Lanes.MultiplyAdd(row, right, sum06R);
            row = Vector512.Create(a[7]);
            sum07L = Lanes.MultiplyAdd(row, left, sum07L);
            sum07R = Lanes.MultiplyAdd(row, right, sum07R);
            row = Vector512.Create(a[8]);
            sum08L = Lanes.MultiplyAdd(row, left, sum08L);
            sum08R = Lanes.MultiplyAdd(row, right, sum08R);
            row = Vector512.Create(a[9]);
            sum09L = Lanes.MultiplyAdd(row, left, sum09L);
            sum09R = Lanes.MultiplyAdd(row, right, sum09R);
            row = Vector512.Create(a[10]);
            sum10L = Lanes.MultiplyAdd(row, left, sum10L);
            sum10R = Lanes.MultiplyAdd(row, right, sum10R);
            row = Vector512.Create(a[11]);
            sum11L = Lanes.MultiplyAdd(row, left, sum11L);
            sum11R = Lanes.MultiplyAdd(row, right, sum11R);
            a += Rows;
            b += Vectors * Vector512<T>.Count;
        }

        Store(tile, 0, sum00L, sum00R);
        Store(tile, 1, sum01L, sum01R);
        Store(tile, 2, sum02L, sum02R);
        Store(tile, 3, sum03L, sum03R);
        Store(tile, 4, sum04L, sum04R);
        Store(tile, 5, sum05L, sum05R);
        Store(tile, 6, sum06L, sum06R);
        Store(tile, 7, sum07L, sum07R);
        Store(tile, 8, sum08L, sum08R);
        Store(tile, 9, sum09L, sum09R);
        Store(tile, 10, sum10L, sum10R);
        Store(tile, 11, sum11L, sum11R);
    }

    private static void Store<T>(T* tile, int row, Vector512<T> left, Vector512<T> right)
        where T : unmanaged
    {
        left.Store(tile + (row * Vectors * Vector512<T>.Count));
        right.Store(tile + (((row * Vectors) + 1) * Vector512<T>.Count));
    }
}
