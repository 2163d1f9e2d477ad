using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxCompress.Selection;

/// <summary>The two loops that one step of a selection spends its time in.</summary>
internal static class DenseVectors
{
    /// <summary>The scalar product.</summary>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var left = MemoryMarshal.Cast<double, Vector<double>>(a);
        var right = MemoryMarshal.Cast<double, Vector<double>>(b);
        var lanes = Vector<double>.Zero;
        for (var i = 0; i < left.Length; i++)
        {
            lanes += left[i] * right[i];
        }

        var sum = Vector.Sum(lanes);
        for (var i = left.Length * Vector<double>.Count; i < a.Length; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    /// <summary>target += factor * values.</summary>
    public static void AddScaled(Span<double> target, double factor, ReadOnlySpan<double> values)
    {
        var to = MemoryMarshal.Cast<double, Vector<double>>(target);
        var from = MemoryMarshal.Cast<double, Vector<double>>(values);
        var factors = new Vector<double>(factor);
        for (var i = 0; i < to.Length; i++)
        {
            to[i] += factors * from[i];
        }

        for (var i = to.Length * Vector<double>.Count; i < target.Length; i++)
        {
            target[i] += factor * values[i];
        }
    }
}
