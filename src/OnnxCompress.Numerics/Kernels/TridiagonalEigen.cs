namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Eigenvalues and vectors of a symmetric tridiagonal matrix by the implicit QL and QR iterations (LAPACK's steqr; Golub and
/// Van Loan, 4th ed., 8.3). Rotations are collected and applied to the rows of the basis in batches.
/// Backward stable: values are exact for a matrix within c n eps ||T||.
/// </summary>
internal static unsafe class TridiagonalEigen
{
    private const int IterationsPerValue = 30;
    private const double Eps = 1.1102230246251565e-16; // 2^-53
    private const double Tiny = 2.2250738585072014e-308;

    /// <summary>Replaces the diagonal by eigenvalues, unordered, and destroys the off-diagonal.</summary>
    /// <exception cref="NumericException">No convergence within 30 n sweeps.</exception>
    public static void Run(Span<double> d, Span<double> e, RotationBatch basis)
    {
        var budget = (long)IterationsPerValue * d.Length;
        var start = 0;
        while (start < d.Length)
        {
            // The next unreduced block [start, end].
            var end = start;
            while (end < d.Length - 1 && !Negligible(d, e, end))
            {
                end++;
            }

            if (end < d.Length - 1)
            {
                e[end] = 0;
            }

            if (Math.Abs(d[end]) < Math.Abs(d[start]))
            {
                SolveUpward(d, e, start, end, basis, ref budget);
            }
            else
            {
                SolveDownward(d, e, start, end, basis, ref budget);
            }

            start = end + 1;
        }
    }

    private static bool Negligible(Span<double> d, Span<double> e, int index)
        => e[index] * e[index] <= (Eps * Math.Abs(d[index]) * Eps * Math.Abs(d[index + 1])) + Tiny;

    // QL: values settle from `low` upwards; large entries are at the end.
    private static void SolveDownward(Span<double> d, Span<double> e, int low, int high, RotationBatch basis, ref long budget)
    {
        while (low <= high)
        {
            var m = low;
            while (m < high && !Negligible(d, e, m))
            {
                m++;
            }

            if (m < high)
            {
                e[m] = 0;
            }

            if (m == low)
            {
                low++;
                continue;
            }

            Spend(ref budget, low, m);
            if (m == low + 1)
            {
                SolvePair(d, e, low, basis.Sweep(low, 1, forward: false));
                low += 2;
                continue;
            }

            var rotations = basis.Sweep(low, m - low, forward: false);
            var shifted = Shift(d[low], d[low + 1], e[low]);
            var (p, g, s, c) = (0.0, d[m] - shifted, 1.0, 1.0);
            for (var i = m - 1; i >= low; i--)
            {
                var (f, b) = (s * e[i], c * e[i]);
                (c, s, var r) = PlaneRotation.Make(g, f);
                if (i != m - 1)
                {
                    e[i + 1] = r;
                }

                g = d[i + 1] - p;
                r = ((d[i] - g) * s) + (2 * c * b);
                p = s * r;
                d[i + 1] = g + p;
                g = (c * r) - b;
                (rotations[2 * (i - low)], rotations[(2 * (i - low)) + 1]) = (c, -s);
            }

            d[low] -= p;
            e[low] = g;
        }
    }

    // QR: values settle from `high` downwards; large entries are at the start.
    private static void SolveUpward(Span<double> d, Span<double> e, int low, int high, RotationBatch basis, ref long budget)
    {
        while (high >= low)
        {
            var m = high;
            while (m > low && !Negligible(d, e, m - 1))
            {
                m--;
            }

            if (m > low)
            {
                e[m - 1] = 0;
            }

            if (m == high)
            {
                high--;
                continue;
            }

            Spend(ref budget, m, high);
            if (m == high - 1)
            {
                SolvePair(d, e, m, basis.Sweep(m, 1, forward: true));
                high -= 2;
                continue;
            }

            var rotations = basis.Sweep(m, high - m, forward: true);
            var shifted = Shift(d[high], d[high - 1], e[high - 1]);
            var (p, g, s, c) = (0.0, d[m] - shifted, 1.0, 1.0);
            for (var i = m; i < high; i++)
            {
                var (f, b) = (s * e[i], c * e[i]);
                (c, s, var r) = PlaneRotation.Make(g, f);
                if (i != m)
                {
                    e[i - 1] = r;
                }

                g = d[i] - p;
                r = ((d[i + 1] - g) * s) + (2 * c * b);
                p = s * r;
                d[i] = g + p;
                g = (c * r) - b;
                (rotations[2 * (i - m)], rotations[(2 * (i - m)) + 1]) = (c, s);
            }

            d[high] -= p;
            e[high - 1] = g;
        }
    }

    // Wilkinson's shift: the eigenvalue of the end's 2 x 2 block nearest to `end`.
    private static double Shift(double end, double next, double off)
    {
        var g = (next - end) / (2 * off);
        var r = double.Hypot(g, 1);
        return end - (off / (g + Math.CopySign(r, g)));
    }

    // A 2 x 2 block in closed form (LAPACK's laev2): the larger magnitude comes first.
    private static void SolvePair(Span<double> d, Span<double> e, int at, double* rotation)
    {
        var (a, b, c) = (d[at], e[at], d[at + 1]);
        var (sum, difference) = (a + c, a - c);
        var (twice, root) = (2 * b, double.Hypot(a - c, 2 * b));
        var (larger, smaller) = Math.Abs(a) > Math.Abs(c) ? (a, c) : (c, a);
        var positiveSum = sum >= 0;
        var first = sum == 0 ? 0.5 * root : 0.5 * (positiveSum ? sum + root : sum - root);
        var second = sum == 0 ? -0.5 * root : (larger / first * smaller) - (b / first * b);
        var positiveDifference = difference >= 0;
        var x = positiveDifference ? difference + root : difference - root;
        double cosine, sine;
        if (Math.Abs(x) > Math.Abs(twice))
        {
            var t = -twice / x;
            sine = 1 / Math.Sqrt(1 + (t * t));
            cosine = t * sine;
        }
        else if (twice == 0)
        {
            (cosine, sine) = (1, 0);
        }
        else
        {
            var t = -x / twice;
            cosine = 1 / Math.Sqrt(1 + (t * t));
            sine = t * cosine;
        }

        if (positiveSum == positiveDifference)
        {
            (cosine, sine) = (-sine, cosine);
        }

        (d[at], d[at + 1], e[at]) = (first, second, 0);
        (rotation[0], rotation[1]) = (cosine, sine);
    }

    private static void Spend(ref long budget, int low, int high)
    {
        if (budget-- == 0)
        {
            throw new NumericException(NumericFailure.NotConverged, $"The eigenvalue iteration did not settle rows {low} to {high}.");
        }
    }
}
