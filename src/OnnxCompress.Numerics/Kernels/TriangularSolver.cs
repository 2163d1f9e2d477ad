using System.Numerics;
using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// B &lt;- T^-1 B by halving: solve with one diagonal half, subtract its product, solve with the other, so that nearly all
/// work is a matrix product (Elmroth, Gustavson, Jonsson, Kagstrom, Recursive Blocked Algorithms, SIAM Review 2004).
/// Row-wise backward stable: (T + dT) x = b with |dT| &lt;= n eps |T| (Higham 2002, section 8.1).
/// </summary>
internal static unsafe class TriangularSolver
{
    private const int Leaf = 64;   // below this, substitution
    private const int Stripe = 64; // columns of B per task: a leaf of them is 32 KiB

    /// <summary>Solves in place; T is lower or upper as it is read (steps included).</summary>
    public static void Solve(Team team, bool lower, Block<double> t, Block<double> b)
    {
        if (t.Rows <= Leaf)
        {
            team.Run(Gemm.CeilingDivide(b.Columns, Stripe), stripe =>
            {
                var first = stripe * Stripe;
                SolveLeaf(lower, t, b.Window(0, first, b.Rows, Math.Min(Stripe, b.Columns - first)));
            });
            return;
        }

        var half = Gemm.CeilingDivide(t.Rows / 2, Leaf) * Leaf;
        var (top, bottom) = (b.Window(0, 0, half, b.Columns), b.From(half, 0));
        if (lower)
        {
            Solve(team, true, t.Window(0, 0, half, half), top);
            Gemm.Run<double, double, double>(team, -1, t.Window(half, 0, t.Rows - half, half), top, 1, bottom);
            Solve(team, true, t.From(half, half), bottom);
        }
        else
        {
            Solve(team, false, t.From(half, half), bottom);
            Gemm.Run<double, double, double>(team, -1, t.Window(0, half, half, t.Rows - half), bottom, 1, top);
            Solve(team, false, t.Window(0, 0, half, half), top);
        }
    }

    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SolveLeaf(bool lower, Block<double> t, Block<double> b)
    {
        if (b.ColumnStep == 1)
        {
            Substitute(lower, t, b);
            return;
        }

        // Columns of B are not contiguous (a solve from the right): solve on a contiguous copy.
        var memory = stackalloc double[Leaf * Stripe];
        var copy = new Block<double>(memory, b.Rows, b.Columns, Stripe);
        for (var column = 0; column < b.Columns; column++)
        {
            for (var row = 0; row < b.Rows; row++)
            {
                copy[row, column] = b[row, column];
            }
        }

        Substitute(lower, t, copy);
        for (var column = 0; column < b.Columns; column++)
        {
            for (var row = 0; row < b.Rows; row++)
            {
                b[row, column] = copy[row, column];
            }
        }
    }

    // Row by row; four vectors of a row's right sides stay in registers while the solved rows are subtracted.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Substitute(bool lower, Block<double> t, Block<double> b)
    {
        var width = Vector<double>.Count;
        for (var step = 0; step < t.Rows; step++)
        {
            var row = lower ? step : t.Rows - 1 - step;
            var (first, last) = lower ? (0, row) : (row + 1, t.Rows);
            var pivot = t[row, row];
            var column = 0;
            for (; column <= b.Columns - (4 * width); column += 4 * width)
            {
                var target = b.At(row, column);
                var (sum0, sum1, sum2, sum3) = (Vectors.Load(target), Vectors.Load(target + width), Vectors.Load(target + (2 * width)), Vectors.Load(target + (3 * width)));
                for (var inner = first; inner < last; inner++)
                {
                    var factor = new Vector<double>(-t[row, inner]);
                    var solved = b.At(inner, column);
                    sum0 = Vector.MultiplyAddEstimate(factor, Vectors.Load(solved), sum0);
                    sum1 = Vector.MultiplyAddEstimate(factor, Vectors.Load(solved + width), sum1);
                    sum2 = Vector.MultiplyAddEstimate(factor, Vectors.Load(solved + (2 * width)), sum2);
                    sum3 = Vector.MultiplyAddEstimate(factor, Vectors.Load(solved + (3 * width)), sum3);
                }

                var divisor = new Vector<double>(pivot);
                Vectors.Store(sum0 / divisor, target);
                Vectors.Store(sum1 / divisor, target + width);
                Vectors.Store(sum2 / divisor, target + (2 * width));
                Vectors.Store(sum3 / divisor, target + (3 * width));
            }

            for (; column < b.Columns; column++)
            {
                var sum = b[row, column];
                for (var inner = first; inner < last; inner++)
                {
                    sum -= t[row, inner] * b[inner, column];
                }

                b[row, column] = sum / pivot;
            }
        }
    }
}
