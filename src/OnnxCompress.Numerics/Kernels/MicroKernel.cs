using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Chooses the widest kernel the machine runs well. The tests are constants to the JIT: only one branch is compiled.
/// Vector512 counts as accelerated only where the runtime expects no clock penalty.
/// </summary>
internal static unsafe class MicroKernel
{
    /// <summary>Most elements of a tile of any kernel: 12 x 32 floats.</summary>
    public const int LargestTile = 12 * 32;

    /// <summary>Rows of a tile: the width of a packed panel of A.</summary>
    public static int Rows
        => Vector512.IsHardwareAccelerated ? MicroKernel512.Rows
            : Vector256.IsHardwareAccelerated ? MicroKernel256.Rows
            : Vector128.IsHardwareAccelerated ? MicroKernel128.Rows
            : MicroKernelScalar.Rows;

    /// <summary>The instruction set in words.</summary>
    public static string Name
        => Vector512.IsHardwareAccelerated ? "512-bit vectors"
            : Vector256.IsHardwareAccelerated ? "256-bit vectors"
            : Vector128.IsHardwareAccelerated ? "128-bit vectors"
            : "scalar";

    /// <summary>Columns of a tile: the width of a packed panel of B.</summary>
    public static int Columns<T>()
        where T : unmanaged
        => Vector512.IsHardwareAccelerated ? MicroKernel512.Vectors * Vector512<T>.Count
            : Vector256.IsHardwareAccelerated ? MicroKernel256.Vectors * Vector256<T>.Count
            : Vector128.IsHardwareAccelerated ? MicroKernel128.Vectors * Vector128<T>.Count
            : MicroKernelScalar.Columns;

    /// <summary>tile (Rows x Columns, contiguous) = A^T B for packed panels of the given depth.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Tile<T>(nint depth, T* a, T* b, T* tile)
        where T : unmanaged, INumber<T>
    {
        if (Vector512.IsHardwareAccelerated)
        {
            MicroKernel512.Tile(depth, a, b, tile);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            MicroKernel256.Tile(depth, a, b, tile);
        }
        else if (Vector128.IsHardwareAccelerated)
        {
            MicroKernel128.Tile(depth, a, b, tile);
        }
        else
        {
            MicroKernelScalar.Tile(depth, a, b, tile);
        }
    }
}
