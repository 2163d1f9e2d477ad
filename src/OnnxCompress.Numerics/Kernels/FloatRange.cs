using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>Whether sums of products of floats stay within float's range.</summary>
internal static class FloatRange
{
    // 256 products of 2^59 reach 2^126, float's largest power of two is 2^127. The square of 2^-40 stands 46 powers above
    // the smallest normal float: what underflows is below 1e-13 of the largest diagonal entry of a Gram.
    private const float Largest = 1L << 59;
    private const float Smallest = 1f / (1L << 40);

    /// <summary>
    /// True when the largest entry is between 2^-40 and 2^59, or nothing but zeros. Infinities are out of range; entries that
    /// are not a number do not count, they spoil the result either way.
    /// </summary>
    public static bool HoldsProducts(ReadOnlyMatrixView<float> rows)
    {
        float largest = 0;
        for (var row = 0; row < rows.Rows; row++)
        {
            largest = MathF.Max(largest, LargestIn(rows.Row(row)));
        }

        return largest == 0 || largest is >= Smallest and <= Largest;
    }

    private static float LargestIn(ReadOnlySpan<float> values)
    {
        var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
        var lanes = Vector<float>.Zero;
        foreach (var vector in vectors)
        {
            lanes = Vector.MaxNumber(lanes, Vector.Abs(vector));
        }

        float largest = 0;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            largest = MathF.Max(largest, lanes[lane]);
        }

        foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
        {
            largest = float.MaxNumber(largest, MathF.Abs(value));
        }

        return largest;
    }
}
