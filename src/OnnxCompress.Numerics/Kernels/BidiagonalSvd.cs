namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Singular values and vectors of an upper bidiagonal matrix by the implicit QR iteration that keeps small values
/// relatively accurate (Demmel and Kahan, Accurate Singular Values of Bidiagonal Matrices, SIAM J. Sci. Stat. Comput. 1990;
/// LAPACK's bdsqr). Rotations are collected and applied to the rows of both bases in batches.
/// </summary>
internal ref struct BidiagonalSvd
{
    private const int SweepsPerValue = 30;
    private const double Eps = 1.1102230246251565e-16; // 2^-53
    private const double Tiny = 2.2250738585072014e-308;

    private static readonly double Tolerance = Math.Clamp(Math.Pow(Eps, -0.125), 10, 100) * Eps;

    private readonly Span<double> _d;
    private readonly Span<double> _e;
    private readonly RotationBatch _left;
    private readonly RotationBatch _right;
    private double _smallest; // lower bound for the smallest singular value of the block in hand

    private BidiagonalSvd(Span<double> d, Span<double> e, RotationBatch left, RotationBatch right)
    {
        (_left, _right) = (left, right);
        _d = d;
        _e = e;
    }

    /// <summary>Replaces the diagonal by singular values, unordered and of any sign, and destroys the off-diagonal.</summary>
    /// <exception cref="NumericException">No convergence within 30 n sweeps.</exception>
    public static void Run(Span<double> d, Span<double> e, RotationBatch left, RotationBatch right)
    {
        var work = new BidiagonalSvd(d, e, left, right);
        work.Iterate();
    }

    private void Iterate()
    {
        var threshold = Threshold();
        var budget = (long)SweepsPerValue * _d.Length;
        var (oldLow, oldHigh, downward) = (-1, -1, true);
        var high = _d.Length - 1;
        while (high > 0)
        {
            var low = BlockStart(high, threshold, out var largest);
            if (low == high)
            {
                high--;
            }
            else if (low == high - 1)
            {
                SolvePair(low);
                high -= 2;
            }
            else
            {
                if (low > oldHigh || high < oldLow)
                {
                    downward = Math.Abs(_d[low]) >= Math.Abs(_d[high]); // chase the bulge from the large end to the small one
                }

                (oldLow, oldHigh) = (low, high);
                if (Deflates(low, high, downward))
                {
                    continue;
                }

                if (budget-- == 0)
                {
                    throw new NumericException(NumericFailure.NotConverged, $"The singular value iteration did not settle rows {low} to {high}.");
                }

                Sweep(low, high, downward, Shift(low, high, downward, largest));
                ref var end = ref downward ? ref _e[high - 1] : ref _e[low];
                end = Math.Abs(end) <= threshold ? 0 : end;
            }
        }
    }

    private readonly double Threshold()
    {
        var (smallest, mu) = (Math.Abs(_d[0]), Math.Abs(_d[0]));
        for (var index = 1; index < _d.Length && smallest > 0; index++)
        {
            mu = Math.Abs(_d[index]) * (mu / (mu + Math.Abs(_e[index - 1])));
            smallest = Math.Min(smallest, mu);
        }

        return Math.Max(Tolerance * smallest / Math.Sqrt(_d.Length), 6.0 * _d.Length * _d.Length * Tiny);
    }

    // First row of the unreduced block that ends at `high`.
    private readonly int BlockStart(int high, double threshold, out double largest)
    {
        largest = Math.Abs(_d[high]);
        for (var row = high - 1; row >= 0; row--)
        {
            if (Math.Abs(_e[row]) <= threshold)
            {
                _e[row] = 0;
                return row + 1;
            }

            largest = Math.Max(largest, Math.Max(Math.Abs(_d[row]), Math.Abs(_e[row])));
        }

        return 0;
    }

    // The convergence tests of Demmel and Kahan; true when an off-diagonal entry was set to zero.
    private bool Deflates(int low, int high, bool downward)
    {
        var (last, step) = downward ? (high, 1) : (low, -1);
        ref var end = ref downward ? ref _e[high - 1] : ref _e[low];
        if (Math.Abs(end) <= Tolerance * Math.Abs(_d[last]))
        {
            end = 0;
            return true;
        }

        var mu = Math.Abs(_d[downward ? low : high]);
        _smallest = mu;
        for (var row = downward ? low : high; row != last; row += step)
        {
            ref var off = ref _e[downward ? row : row - 1];
            if (Math.Abs(off) <= Tolerance * mu)
            {
                off = 0;
                return true;
            }

            mu = Math.Abs(_d[row + step]) * (mu / (mu + Math.Abs(off)));
            _smallest = Math.Min(_smallest, mu);
        }

        return false;
    }

    // Zero where a shift would cost the small values their relative accuracy.
    private readonly double Shift(int low, int high, bool downward, double largest)
    {
        if (_d.Length * Tolerance * (_smallest / largest) <= Math.Max(Eps, 0.01 * Tolerance))
        {
            return 0;
        }

        var start = Math.Abs(_d[downward ? low : high]);
        var shift = downward ? BidiagonalPair.SmallerOf(_d[high - 1], _e[high - 1], _d[high]) : BidiagonalPair.SmallerOf(_d[low], _e[low], _d[low + 1]);
        return start > 0 && shift / start * (shift / start) < Eps ? 0 : shift;
    }

    private readonly unsafe void Sweep(int low, int high, bool downward, double shift)
    {
        double* left = _left.Sweep(low, high - low, downward), right = _right.Sweep(low, high - low, downward);
        if (downward)
        {
            if (shift == 0)
            {
                SweepDownUnshifted(low, high, left, right);
            }
            else
            {
                SweepDown(low, high, shift, left, right);
            }
        }
        else if (shift == 0)
        {
            SweepUpUnshifted(low, high, left, right);
        }
        else
        {
            SweepUp(low, high, shift, left, right);
        }
    }

    private readonly unsafe void SweepDownUnshifted(int low, int high, double* left, double* right)
    {
        var (c, s, oldC, oldS) = (1.0, 0.0, 1.0, 0.0);
        for (var i = low; i < high; i++)
        {
            (c, s, var r) = PlaneRotation.Make(_d[i] * c, _e[i]);
            if (i > low)
            {
                _e[i - 1] = oldS * r;
            }

            (oldC, oldS, _d[i]) = PlaneRotation.Make(oldC * r, _d[i + 1] * s);
            Keep(right, i - low, c, s);
            Keep(left, i - low, oldC, oldS);
        }

        var h = _d[high] * c;
        (_d[high], _e[high - 1]) = (h * oldC, h * oldS);
    }

    private readonly unsafe void SweepUpUnshifted(int low, int high, double* left, double* right)
    {
        var (c, s, oldC, oldS) = (1.0, 0.0, 1.0, 0.0);
        for (var i = high; i > low; i--)
        {
            (c, s, var r) = PlaneRotation.Make(_d[i] * c, _e[i - 1]);
            if (i < high)
            {
                _e[i] = oldS * r;
            }

            (oldC, oldS, _d[i]) = PlaneRotation.Make(oldC * r, _d[i - 1] * s);
            Keep(left, i - low - 1, c, -s);
            Keep(right, i - low - 1, oldC, -oldS);
        }

        var h = _d[low] * c;
        (_d[low], _e[low]) = (h * oldC, h * oldS);
    }

    private readonly unsafe void SweepDown(int low, int high, double shift, double* left, double* right)
    {
        var f = (Math.Abs(_d[low]) - shift) * (Math.CopySign(1, _d[low]) + (shift / _d[low]));
        var g = _e[low];
        for (var i = low; i < high; i++)
        {
            var (c, s, r) = PlaneRotation.Make(f, g);
            if (i > low)
            {
                _e[i - 1] = r;
            }

            f = (c * _d[i]) + (s * _e[i]);
            _e[i] = (c * _e[i]) - (s * _d[i]);
            g = s * _d[i + 1];
            _d[i + 1] *= c;
            Keep(right, i - low, c, s);
            (c, s, _d[i]) = PlaneRotation.Make(f, g);
            f = (c * _e[i]) + (s * _d[i + 1]);
            _d[i + 1] = (c * _d[i + 1]) - (s * _e[i]);
            if (i < high - 1)
            {
                g = s * _e[i + 1];
                _e[i + 1] *= c;
            }

            Keep(left, i - low, c, s);
        }

        _e[high - 1] = f;
    }

    private readonly unsafe void SweepUp(int low, int high, double shift, double* left, double* right)
    {
        var f = (Math.Abs(_d[high]) - shift) * (Math.CopySign(1, _d[high]) + (shift / _d[high]));
        var g = _e[high - 1];
        for (var i = high; i > low; i--)
        {
            var (c, s, r) = PlaneRotation.Make(f, g);
            if (i < high)
            {
                _e[i] = r;
            }

            f = (c * _d[i]) + (s * _e[i - 1]);
            _e[i - 1] = (c * _e[i - 1]) - (s * _d[i]);
            g = s * _d[i - 1];
            _d[i - 1] *= c;
            Keep(left, i - low - 1, c, -s);
            (c, s, _d[i]) = PlaneRotation.Make(f, g);
            f = (c * _e[i - 1]) + (s * _d[i - 1]);
            _d[i - 1] = (c * _d[i - 1]) - (s * _e[i - 1]);
            if (i > low + 1)
            {
                g = s * _e[i - 2];
                _e[i - 2] *= c;
            }

            Keep(right, i - low - 1, c, -s);
        }

        _e[low] = f;
    }

    private readonly unsafe void SolvePair(int at)
    {
        var pair = BidiagonalPair.Solve(_d[at], _e[at], _d[at + 1]);
        (_d[at], _e[at], _d[at + 1]) = (pair.Larger, 0, pair.Smaller);
        Keep(_right.Sweep(at, 1, forward: true), 0, pair.RightCosine, pair.RightSine);
        Keep(_left.Sweep(at, 1, forward: true), 0, pair.LeftCosine, pair.LeftSine);
    }

    private static unsafe void Keep(double* rotations, int index, double cosine, double sine)
        => (rotations[2 * index], rotations[(2 * index) + 1]) = (cosine, sine);
}
