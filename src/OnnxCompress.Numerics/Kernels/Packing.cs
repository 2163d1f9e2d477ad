using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Copies a slab of an operand into panels: panel[p * width + lane], the order in which a micro-kernel reads it. Lanes
/// past the operand's edge are zero, so kernels have no remainders. May widen float to double on the way.
/// </summary>
internal static unsafe class Packing
{
    /// <summary>Packs the panels of a stretch of lanes, one panel of width * depth elements after the other.</summary>
    /// <param name="source">Entry (lane 0, depth 0).</param>
    /// <param name="laneStep">Elements from one lane to the next.</param>
    /// <param name="depthStep">Elements from one depth to the next.</param>
    /// <param name="lanes">Lanes of the stretch; the last panel is padded with zeros.</param>
    /// <param name="width">Lanes of a panel.</param>
    /// <param name="depth">Depth of the slab.</param>
    /// <param name="panels">Overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Panels<TSource, T>(TSource* source, nint laneStep, nint depthStep, int lanes, int width, int depth, T* panels)
        where TSource : unmanaged, INumber<TSource>
        where T : unmanaged, INumber<T>
    {
        var panelLength = (nint)width * depth;
        var whole = lanes / width;
        if (lanes % width != 0)
        {
            new Span<T>(panels + (whole * panelLength), width * depth).Clear();
        }

        if (laneStep != 1)
        {
            for (var lane = 0; lane < lanes; lane += width)
            {
                Interleave(source + (lane * laneStep), laneStep, depthStep, Math.Min(width, lanes - lane), width, depth, panels + (lane / width * panelLength));
            }

            return;
        }

        // Lanes are contiguous: a depth is read from end to end before the next, because depths a power of two apart share
        // a few sets of the cache and a partly read line would be gone when its other half is wanted.
        for (var p = 0; p < depth; p++)
        {
            var row = source + (p * depthStep);
            var target = panels + ((nint)p * width);
            for (var panel = 0; panel < whole; panel++)
            {
                CopyLanes(row, width, target);
                row += width;
                target += panelLength;
            }

            CopyLanes(row, lanes % width, target);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave<TSource, T>(TSource* source, nint laneStep, nint depthStep, int lanes, int width, int depth, T* panel)
        where TSource : unmanaged, INumber<TSource>
        where T : unmanaged, INumber<T>
    {
        // Lanes are rows of a row-major operand: four of them are read side by side, so that each line of the panel that
        // is brought in gets four writes.
        var lane = 0;
        for (; lane + 4 <= lanes; lane += 4)
        {
            var row0 = source + (lane * laneStep);
            var row1 = row0 + laneStep;
            var row2 = row1 + laneStep;
            var row3 = row2 + laneStep;
            var target = panel + lane;
            for (nint p = 0; p < depth; p++)
            {
                var offset = p * depthStep;
                target[0] = T.CreateTruncating(row0[offset]);
                target[1] = T.CreateTruncating(row1[offset]);
                target[2] = T.CreateTruncating(row2[offset]);
                target[3] = T.CreateTruncating(row3[offset]);
                target += width;
            }
        }

        for (; lane < lanes; lane++)
        {
            for (nint p = 0; p < depth; p++)
            {
                panel[(p * width) + lane] = T.CreateTruncating(source[(lane * laneStep) + (p * depthStep)]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLanes<TSource, T>(TSource* source, int lanes, T* target)
        where TSource : unmanaged, INumber<TSource>
        where T : unmanaged, INumber<T>
    {
        if (typeof(TSource) == typeof(T))
        {
            var whole = 0;
            for (; whole + Vector<T>.Count <= lanes; whole += Vector<T>.Count)
            {
                Unsafe.WriteUnaligned(target + whole, Unsafe.ReadUnaligned<Vector<T>>(source + whole));
            }

            for (; whole < lanes; whole++)
            {
                target[whole] = T.CreateTruncating(source[whole]);
            }

            return;
        }

        var lane = 0;
        for (; lane + Vector<float>.Count <= lanes; lane += Vector<float>.Count)
        {
            Vector.Widen(Unsafe.ReadUnaligned<Vector<float>>(source + lane), out var low, out var high);
            Unsafe.WriteUnaligned(target + lane, low);
            Unsafe.WriteUnaligned(target + lane + Vector<double>.Count, high);
        }

        for (; lane < lanes; lane++)
        {
            target[lane] = T.CreateTruncating(source[lane]);
        }
    }
}
