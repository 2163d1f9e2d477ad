using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>The innermost product without vectors: a 2 x 4 tile in eight scalars. The others equal this up to fusing.</summary>
internal static unsafe class MicroKernelScalar
{
    /// <summary>Rows of a tile.</summary>
    public const int Rows = 2;

    /// <summary>Columns of a tile.</summary>
    public const int Columns = 4;

    /// <summary>tile (2 x 4, contiguous) = A^T B for packed panels of the given depth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // compiled well at the first call: a run may have only a few
    public static void Tile<T>(nint depth, T* a, T* b, T* tile)
        where T : unmanaged, INumber<T>
    {
        T sum00 = T.Zero, sum01 = T.Zero, sum02 = T.Zero, sum03 = T.Zero;
        T sum10 = T.Zero, sum11 = T.Zero, sum12 = T.Zero, sum13 = T.Zero;
        for (nint step = 0; step < depth; step++)
        {
            sum00 += a[0] * b[0];
            sum01 += a[0] * b[1];
            sum02 += a[0] * b[2];
            sum03 += a[0] * b[3];
            sum10 += a[1] * b[0];
            sum11 += a[1] * b[1];
            sum12 += a[1] * b[2];
            sum13 += a[1] * b[3];
            a += Rows;
            b += Columns;
        }

        (tile[0], tile[1], tile[2], tile[3]) = (sum00, sum01, sum02, sum03);
        (tile[4], tile[5], tile[6], tile[7]) = (sum10, sum11, sum12, sum13);
    }
}
