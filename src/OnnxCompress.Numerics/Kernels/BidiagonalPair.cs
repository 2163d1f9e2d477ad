namespace OnnxCompress.Numerics.Kernels;

/// <summary>The singular value decomposition of [f g; 0 h] in closed form (LAPACK's lasv2 and las2).</summary>
internal readonly record struct BidiagonalPair(double Smaller, double Larger, double RightSine, double RightCosine, double LeftSine, double LeftCosine)
{
    private const double Eps = 1.1102230246251565e-16;

    /// <summary>The smaller singular value alone, never negative (las2).</summary>
    public static double SmallerOf(double f, double g, double h)
    {
        var (fa, ga, ha) = (Math.Abs(f), Math.Abs(g), Math.Abs(h));
        var (least, most) = (Math.Min(fa, ha), Math.Max(fa, ha));
        if (least == 0)
        {
            return 0;
        }

        if (ga < most)
        {
            var (sum, difference, ratio) = (1 + (least / most), (most - least) / most, ga / most * (ga / most));
            return least * (2 / (Math.Sqrt((sum * sum) + ratio) + Math.Sqrt((difference * difference) + ratio)));
        }

        var scale = most / ga;
        if (scale == 0)
        {
            return least * most / ga;
        }

        var (a, b) = ((1 + (least / most)) * scale, (most - least) / most * scale);
        return 2 * (least * (1 / (Math.Sqrt(1 + (a * a)) + Math.Sqrt(1 + (b * b)))) * scale);
    }

    /// <summary>Signed values and both rotations: [lc ls; -ls lc] [f g; 0 h] [rc -rs; rs rc] = diag(Larger, Smaller) (lasv2).</summary>
    public static BidiagonalPair Solve(double f, double g, double h)
    {
        var swap = Math.Abs(h) > Math.Abs(f);
        var (ft, gt, ht) = swap ? (h, g, f) : (f, g, h);
        var (fa, ga, ha) = (Math.Abs(ft), Math.Abs(gt), Math.Abs(ht));
        var gDominates = ga > fa;
        double smaller, larger, leftCosine, leftSine, rightCosine, rightSine;
        if (ga == 0)
        {
            (smaller, larger, leftCosine, rightCosine, leftSine, rightSine) = (ha, fa, 1, 1, 0, 0);
        }
        else if (gDominates && fa / ga < Eps)
        {
            larger = ga;
            smaller = ha > 1 ? fa / (ga / ha) : fa / ga * ha;
            (leftCosine, leftSine, rightSine, rightCosine) = (1, ht / gt, 1, ft / gt);
        }
        else
        {
            // Names of LAPACK: every quantity is a sum of non-negative terms, so nothing cancels.
            var d = fa - ha;
            var l = d == fa ? 1 : d / fa;
            var m = gt / ft;
            var t = 2 - l;
            var (mm, tt) = (m * m, t * t);
            var s = Math.Sqrt(tt + mm);
            var r = l == 0 ? Math.Abs(m) : Math.Sqrt((l * l) + mm);
            var a = 0.5 * (s + r);
            (smaller, larger) = (ha / a, fa * a);
            t = mm != 0 ? ((m / (s + t)) + (m / (r + l))) * (1 + a)
                : l == 0 ? Math.CopySign(2, ft) * Math.CopySign(1, gt)
                : (gt / Math.CopySign(d, ft)) + (m / t);
            l = Math.Sqrt((t * t) + 4);
            (rightCosine, rightSine) = (2 / l, t / l);
            leftCosine = (rightCosine + (rightSine * m)) / a;
            leftSine = ht / ft * rightSine / a;
        }

        if (swap)
        {
            (leftCosine, leftSine, rightCosine, rightSine) = (rightSine, rightCosine, leftSine, leftCosine);
        }

        var sign = gDominates ? Math.CopySign(1, rightSine) * Math.CopySign(1, leftCosine) * Math.CopySign(1, g)
            : swap ? Math.CopySign(1, rightSine) * Math.CopySign(1, leftSine) * Math.CopySign(1, h)
            : Math.CopySign(1, rightCosine) * Math.CopySign(1, leftCosine) * Math.CopySign(1, f);
        return new(
            Math.CopySign(smaller, sign * Math.CopySign(1, f) * Math.CopySign(1, h)),
            Math.CopySign(larger, sign),
            rightSine,
            rightCosine,
            leftSine,
            leftCosine);
    }
}
