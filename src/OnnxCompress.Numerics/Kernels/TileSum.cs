using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>Adds a row of a register tile to a row of C, widening float to double where C is double.</summary>
internal static unsafe class TileSum
{
    /// <summary>y += factor * x for <paramref name="count"/> entries, element by element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add<T, TOut>(TOut factor, T* x, TOut* y, int count)
        where T : unmanaged, INumber<T>
        where TOut : unmanaged, INumber<TOut>
    {
        var index = 0;
        if (typeof(T) == typeof(TOut))
        {
            var scale = new Vector<TOut>(factor);
            for (; index + Vector<TOut>.Count <= count; index += Vector<TOut>.Count)
            {
                var product = scale * Unsafe.ReadUnaligned<Vector<TOut>>(x + index);
                Unsafe.WriteUnaligned(y + index, Unsafe.ReadUnaligned<Vector<TOut>>(y + index) + product);
            }
        }
        else if (typeof(T) == typeof(float) && typeof(TOut) == typeof(double))
        {
            var scale = new Vector<double>((double)(object)factor);
            for (; index + Vector<float>.Count <= count; index += Vector<float>.Count)
            {
                Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(x + index), out var low, out var high);
                var first = y + index;
                var second = first + Vector<double>.Count;
                Unsafe.WriteUnaligned(first, Unsafe.ReadUnaligned<Vector<double>>(first) + (scale * low));
                Unsafe.WriteUnaligned(second, Unsafe.ReadUnaligned<Vector<double>>(second) + (scale * high));
            }
        }

        for (; index < count; index++)
        {
            y[index] += factor * TOut.CreateTruncating(x[index]);
        }
    }
}
