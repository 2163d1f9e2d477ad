using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Vector operations on contiguous doubles. <see cref="Vector{T}"/> takes the machine's width; each sum keeps a fixed
/// number of lane sums that are added in a fixed order, then the remainder in order, so a result depends on the
/// machine's width and not on threads. Remainders are done one by one.
/// </summary>
internal static unsafe class Vectors
{
    private static int Width => Vector<double>.Count;

    /// <summary>x . y; y has as many entries at least.</summary>
    public static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        ViewShape.CheckLength(x.Length, y.Length, nameof(y));
        fixed (double* left = x, right = y)
        {
            return Dot(left, right, x.Length);
        }
    }

    /// <summary>y += factor x; x has as many entries as y at least.</summary>
    public static void AddScaled(Span<double> y, double factor, ReadOnlySpan<double> x)
    {
        ViewShape.CheckLength(y.Length, x.Length, nameof(x));
        fixed (double* from = x, to = y)
        {
            AddScaled(factor, from, to, y.Length);
        }
    }

    /// <summary>x . y in four lane sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot(double* x, double* y, int length)
    {
        Vector<double> sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        var index = 0;
        for (; index <= length - (4 * Width); index += 4 * Width)
        {
            sum0 = Vector.MultiplyAddEstimate(Load(x + index), Load(y + index), sum0);
            sum1 = Vector.MultiplyAddEstimate(Load(x + index + Width), Load(y + index + Width), sum1);
            sum2 = Vector.MultiplyAddEstimate(Load(x + index + (2 * Width)), Load(y + index + (2 * Width)), sum2);
            sum3 = Vector.MultiplyAddEstimate(Load(x + index + (3 * Width)), Load(y + index + (3 * Width)), sum3);
        }

        for (; index <= length - Width; index += Width)
        {
            sum0 = Vector.MultiplyAddEstimate(Load(x + index), Load(y + index), sum0);
        }

        var sum = Vector.Sum((sum0 + sum1) + (sum2 + sum3));
        for (; index < length; index++)
        {
            sum += x[index] * y[index];
        }

        return sum;
    }

    /// <summary>y += factor x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(double factor, double* x, double* y, int length)
    {
        var scale = new Vector<double>(factor);
        var index = 0;
        for (; index <= length - Width; index += Width)
        {
            Store(Vector.MultiplyAddEstimate(scale, Load(x + index), Load(y + index)), y + index);
        }

        for (; index < length; index++)
        {
            y[index] += factor * x[index];
        }
    }

    /// <summary>x *= factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(double factor, double* x, int length)
    {
        var index = 0;
        for (; index <= length - Width; index += Width)
        {
            Store(Load(x + index) * factor, x + index);
        }

        for (; index < length; index++)
        {
            x[index] *= factor;
        }
    }

    /// <summary>Length of a vector whose squares neither overflow nor vanish: callers scale matrices first.</summary>
    public static double Norm(double* x, int length) => Math.Sqrt(Dot(x, x, length));

    /// <summary>
    /// y[i] = A[i, :] . x, two rows at a time so that x is read once for two; each in exactly the order of
    /// <see cref="Dot(double*, double*, int)"/>, so equal rows give equal sums wherever they lie.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RowDots(Block<double> a, double* x, double* y)
    {
        var row = 0;
        for (; row <= a.Rows - 2; row += 2)
        {
            double* upper = a.At(row, 0), lower = a.At(row + 1, 0);
            Vector<double> u0 = default, u1 = default, u2 = default, u3 = default;
            Vector<double> l0 = default, l1 = default, l2 = default, l3 = default;
            var index = 0;
            for (; index <= a.Columns - (4 * Width); index += 4 * Width)
            {
                var (x0, x1, x2, x3) = (Load(x + index), Load(x + index + Width), Load(x + index + (2 * Width)), Load(x + index + (3 * Width)));
                u0 = Vector.MultiplyAddEstimate(Load(upper + index), x0, u0);
                l0 = Vector.MultiplyAddEstimate(Load(lower + index), x0, l0);
                u1 = Vector.MultiplyAddEstimate(Load(upper + index + Width), x1, u1);
                l1 = Vector.MultiplyAddEstimate(Load(lower + index + Width), x1, l1);
                u2 = Vector.MultiplyAddEstimate(Load(upper + index + (2 * Width)), x2, u2);
                l2 = Vector.MultiplyAddEstimate(Load(lower + index + (2 * Width)), x2, l2);
                u3 = Vector.MultiplyAddEstimate(Load(upper + index + (3 * Width)), x3, u3);
                l3 = Vector.MultiplyAddEstimate(Load(lower + index + (3 * Width)), x3, l3);
            }

            for (; index <= a.Columns - Width; index += Width)
            {
                u0 = Vector.MultiplyAddEstimate(Load(upper + index), Load(x + index), u0);
                l0 = Vector.MultiplyAddEstimate(Load(lower + index), Load(x + index), l0);
            }

            var sumUpper = Vector.Sum((u0 + u1) + (u2 + u3));
            var sumLower = Vector.Sum((l0 + l1) + (l2 + l3));
            for (; index < a.Columns; index++)
            {
                sumUpper += upper[index] * x[index];
                sumLower += lower[index] * x[index];
            }

            y[row] = sumUpper;
            y[row + 1] = sumLower;
        }

        if (row < a.Rows)
        {
            y[row] = Dot(a.At(row, 0), x, a.Columns);
        }
    }

    /// <summary>y += sum over i of factors[i * step] A[i, :], four rows at a time so that y is read once for four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddRows(Block<double> a, double* factors, nint step, double sign, double* y)
    {
        var row = 0;
        for (; row <= a.Rows - 4; row += 4)
        {
            double* r0 = a.At(row, 0), r1 = a.At(row + 1, 0), r2 = a.At(row + 2, 0), r3 = a.At(row + 3, 0);
            double f0 = sign * factors[row * step], f1 = sign * factors[(row + 1) * step], f2 = sign * factors[(row + 2) * step], f3 = sign * factors[(row + 3) * step];
            Vector<double> v0 = new(f0), v1 = new(f1), v2 = new(f2), v3 = new(f3);
            var index = 0;
            for (; index <= a.Columns - Width; index += Width)
            {
                var sum = Vector.MultiplyAddEstimate(v0, Load(r0 + index), Load(y + index));
                sum = Vector.MultiplyAddEstimate(v1, Load(r1 + index), sum);
                sum = Vector.MultiplyAddEstimate(v2, Load(r2 + index), sum);
                Store(Vector.MultiplyAddEstimate(v3, Load(r3 + index), sum), y + index);
            }

            for (; index < a.Columns; index++)
            {
                y[index] += (f0 * r0[index]) + (f1 * r1[index]) + (f2 * r2[index]) + (f3 * r3[index]);
            }
        }

        for (; row < a.Rows; row++)
        {
            AddScaled(sign * factors[row * step], a.At(row, 0), y, a.Columns);
        }
    }

    /// <summary>Largest absolute entry of a block.</summary>
    public static double Largest(Block<double> a)
    {
        double largest = 0;
        for (var row = 0; row < a.Rows; row++)
        {
            for (var column = 0; column < a.Columns; column++)
            {
                largest = Math.Max(largest, Math.Abs(a[row, column]));
            }
        }

        return largest;
    }

    /// <summary>A power of two that brings entries of this size near 1, so that squares neither overflow nor vanish; 1 where they are.</summary>
    public static double Balance(double largest)
        => largest is 0 or (> 1e-100 and < 1e100) ? 1 : Math.ScaleB(1, -Math.Clamp(Math.ILogB(largest), -1000, 1000));

    /// <summary>destination = factor * source, any steps; squares of 16 keep lines near when one side is transposed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(Team team, Block<double> source, Block<double> destination, double factor = 1)
    {
        const int Square = 16;
        const int Stretch = 128;
        team.Run((double)source.Rows * source.Columns < 1 << 14 ? 1 : Gemm.CeilingDivide(source.Rows, Stretch), tile =>
        {
            var last = (double)source.Rows * source.Columns < 1 << 14 ? source.Rows : Math.Min((tile + 1) * Stretch, source.Rows);
            for (var top = tile * Stretch; top < last; top += Square)
            {
                for (var left = 0; left < source.Columns; left += Square)
                {
                    CopySquare(source, destination, factor, top, Math.Min(top + Square, last), left, Math.Min(left + Square, source.Columns));
                }
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void CopySquare(Block<double> source, Block<double> destination, double factor, int top, int bottom, int left, int right)
    {
        for (var row = top; row < bottom; row++)
        {
            for (var column = left; column < right; column++)
            {
                destination[row, column] = factor * source[row, column];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<double> Load(double* source) => Unsafe.ReadUnaligned<Vector<double>>(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector<double> value, double* destination) => Unsafe.WriteUnaligned(destination, value);
}
