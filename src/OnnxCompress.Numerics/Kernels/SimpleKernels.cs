namespace OnnxCompress.Numerics.Kernels;

/// <summary>Plain loops that do what the formulas say.</summary>
internal static unsafe class SimpleKernels
{
    public static void Multiply<T>(T alpha, Block<T> a, Block<T> b, T beta, Block<T> c)
        where T : unmanaged, System.Numerics.INumber<T>
    {
        for (var row = 0; row < c.Rows; row++)
        {
            for (var column = 0; column < c.Columns; column++)
            {
                c[row, column] = beta == T.Zero ? T.Zero : beta * c[row, column];
            }

            for (var inner = 0; inner < a.Columns; inner++)
            {
                var left = alpha * a[row, inner];
                for (var column = 0; column < c.Columns; column++)
                {
                    c[row, column] += left * b[inner, column];
                }
            }
        }
    }

    public static void SolveTriangular(bool lower, Block<double> t, Block<double> b)
    {
        for (var step = 0; step < t.Rows; step++)
        {
            var row = lower ? step : t.Rows - 1 - step;
            var (first, last) = lower ? (0, row) : (row + 1, t.Rows);
            for (var inner = first; inner < last; inner++)
            {
                var factor = t[row, inner];
                for (var column = 0; column < b.Columns; column++)
                {
                    b[row, column] -= factor * b[inner, column];
                }
            }

            for (var column = 0; column < b.Columns; column++)
            {
                b[row, column] /= t[row, row];
            }
        }
    }

    public static int Cholesky(Block<double> a)
    {
        for (var row = 0; row < a.Rows; row++)
        {
            for (var column = 0; column <= row; column++)
            {
                var sum = a[row, column];
                for (var inner = 0; inner < column; inner++)
                {
                    sum -= a[row, inner] * a[column, inner];
                }

                if (column < row)
                {
                    a[row, column] = sum / a[column, column];
                }
                else if (sum > 0)
                {
                    a[row, row] = Math.Sqrt(sum);
                }
                else
                {
                    return row;
                }
            }

            for (var column = row + 1; column < a.Columns; column++)
            {
                a[row, column] = 0;
            }
        }

        return -1;
    }

    public static int PivotedCholesky(Block<double> gram, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> traces, Block<double> factor)
    {
        var n = gram.Rows;
        var diagonal = new double[n];
        for (var index = 0; index < n; index++)
        {
            diagonal[index] = gram[index, index];
        }

        var threshold = Math.Max(0, relativeTolerance * (n == 0 ? 0 : diagonal.Max()));
        traces[0] = diagonal.Sum();
        for (var step = 0; step < factor.Rows; step++)
        {
            var pivot = Array.IndexOf(diagonal, diagonal.Max());
            if (diagonal[pivot] <= threshold)
            {
                for (var row = step; row < factor.Rows; row++)
                {
                    new Span<double>(factor.At(row, 0), n).Clear();
                }

                return step;
            }

            var root = Math.Sqrt(diagonal[pivot]);
            pivots[step] = pivot;
            pivotValues[step] = diagonal[pivot];
            double trace = 0;
            for (var column = 0; column < n; column++)
            {
                var sum = gram[pivot, column];
                for (var row = 0; row < step; row++)
                {
                    sum -= factor[row, pivot] * factor[row, column];
                }

                var selected = double.IsNegativeInfinity(diagonal[column]);
                factor[step, column] = column == pivot ? root : selected ? 0 : sum / root;
                if (!selected)
                {
                    diagonal[column] = column == pivot ? double.NegativeInfinity : diagonal[column] - (factor[step, column] * factor[step, column]);
                    trace += column == pivot ? 0 : Math.Max(0, diagonal[column]);
                }
            }

            traces[step + 1] = trace;
        }

        return factor.Rows;
    }

    public static int Qr(Block<double> a, Span<int> pivots, Span<double> scales, int maxRank, double relativeTolerance)
    {
        double first = -1;
        for (var step = 0; step < maxRank; step++)
        {
            if (!pivots.IsEmpty)
            {
                var (best, norm) = (step, -1.0);
                for (var column = step; column < a.Columns; column++)
                {
                    var candidate = Norm(a, step, column);
                    if (candidate > norm)
                    {
                        (best, norm) = (column, candidate);
                    }
                }

                first = first < 0 ? norm : first;
                if (norm <= relativeTolerance * first)
                {
                    return step;
                }

                (pivots[step], pivots[best]) = (pivots[best], pivots[step]);
                for (var row = 0; row < a.Rows; row++)
                {
                    (a[row, step], a[row, best]) = (a[row, best], a[row, step]);
                }
            }

            var length = Norm(a, step, step);
            if (length == 0 || step == a.Rows - 1)
            {
                scales[step] = 0;
                continue;
            }

            var alpha = a[step, step];
            var beta = -Math.CopySign(length, alpha);
            scales[step] = (beta - alpha) / beta;
            for (var row = step + 1; row < a.Rows; row++)
            {
                a[row, step] /= alpha - beta;
            }

            a[step, step] = beta;
            ApplyReflector(a, step, scales[step], a, step + 1);
        }

        return maxRank;
    }

    public static void FormQ(Block<double> compact, ReadOnlySpan<double> scales, Block<double> q)
    {
        for (var row = 0; row < q.Rows; row++)
        {
            for (var column = 0; column < q.Columns; column++)
            {
                q[row, column] = row == column ? 1 : 0;
            }
        }

        for (var step = scales.Length - 1; step >= 0; step--)
        {
            ApplyReflector(compact, step, scales[step], q, 0);
        }
    }

    /// <summary>Cyclic Jacobi; rows of the basis are eigenvectors, values descend (Golub and Van Loan, 4th ed., 8.5).</summary>
    public static (double[] Values, Matrix<double> Basis) JacobiEigen(Matrix<double> a)
    {
        var n = a.Rows;
        for (var row = 0; row < n; row++)
        {
            for (var column = row + 1; column < n; column++)
            {
                a[row, column] = a[column, row];
            }
        }

        var basis = Matrix<double>.Identity(n);
        for (var sweep = 0; sweep < 60; sweep++)
        {
            var rotated = false;
            for (var p = 0; p < n; p++)
            {
                for (var q = p + 1; q < n; q++)
                {
                    var off = a[p, q];
                    if (Math.Abs(off) <= 1e-17 * Math.Sqrt(Math.Abs(a[p, p] * a[q, q])) || Math.Abs(off) < double.Epsilon * 1e10)
                    {
                        continue;
                    }

                    rotated = rotated || Math.Abs(off) > 1e-16 * (Math.Abs(a[p, p]) + Math.Abs(a[q, q]));
                    var theta = (a[q, q] - a[p, p]) / (2 * off);
                    var t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt(1 + (theta * theta)));
                    var c = 1 / Math.Sqrt(1 + (t * t));
                    Rotate(a.Row(p), a.Row(q), c, t * c);
                    for (var row = 0; row < n; row++)
                    {
                        var (x, y) = (a[row, p], a[row, q]);
                        a[row, p] = (c * x) - (t * c * y);
                        a[row, q] = (t * c * x) + (c * y);
                    }

                    Rotate(basis.Row(p), basis.Row(q), c, t * c);
                }
            }

            if (!rotated)
            {
                break;
            }
        }

        var values = Enumerable.Range(0, n).Select(index => a[index, index]).ToArray();
        return (values.OrderDescending().ToArray(), Ordered(basis, values));
    }

    /// <summary>One-sided Jacobi on the rows of A^T (k x m, k at most m): rotated rows, lengths, and the rotations.</summary>
    public static (Matrix<double> Rotated, double[] Values, Matrix<double> Basis) JacobiSvd(Matrix<double> rows)
    {
        var n = rows.Rows;
        var basis = Matrix<double>.Identity(n);
        var rotated = true;
        for (var sweep = 0; sweep < 60 && rotated; sweep++)
        {
            rotated = false;
            for (var p = 0; p < n; p++)
            {
                for (var q = p + 1; q < n; q++)
                {
                    var (alpha, beta, gamma) = (Dot(rows.Row(p), rows.Row(p)), Dot(rows.Row(q), rows.Row(q)), Dot(rows.Row(p), rows.Row(q)));
                    if (Math.Abs(gamma) <= 1e-15 * Math.Sqrt(alpha * beta))
                    {
                        continue;
                    }

                    rotated = true;
                    var zeta = (beta - alpha) / (2 * gamma);
                    var t = (zeta >= 0 ? 1 : -1) / (Math.Abs(zeta) + Math.Sqrt(1 + (zeta * zeta)));
                    var c = 1 / Math.Sqrt(1 + (t * t));
                    Rotate(rows.Row(p), rows.Row(q), c, t * c);
                    Rotate(basis.Row(p), basis.Row(q), c, t * c);
                }
            }
        }

        var values = Enumerable.Range(0, n).Select(row => Math.Sqrt(Dot(rows.Row(row), rows.Row(row)))).ToArray();
        var (left, right) = (Ordered(rows, values), Ordered(basis, values));
        Array.Sort(values, (x, y) => y.CompareTo(x));
        for (var row = 0; row < n; row++)
        {
            Complete(left, row, values[row], values[0]);
        }

        return (left, values, right);
    }

    // Normalises a row; a zero row becomes a unit vector orthogonal to the rows above it.
    private static void Complete(Matrix<double> rows, int row, double length, double largest)
    {
        var target = rows.Row(row);
        if (length > 1e-300 && length > 1e-16 * largest)
        {
            foreach (ref var value in target)
            {
                value /= length;
            }

            return;
        }

        for (var axis = 0; axis < rows.Columns; axis++)
        {
            target.Clear();
            target[axis] = 1;
            for (var pass = 0; pass < 2; pass++)
            {
                for (var above = 0; above < row; above++)
                {
                    var overlap = Dot(rows.Row(above), target);
                    for (var index = 0; index < target.Length; index++)
                    {
                        target[index] -= overlap * rows[above, index];
                    }
                }
            }

            var norm = Math.Sqrt(Dot(target, target));
            if (norm > 0.1 / Math.Sqrt(rows.Columns))
            {
                foreach (ref var value in target)
                {
                    value /= norm;
                }

                return;
            }
        }
    }

    private static Matrix<double> Ordered(Matrix<double> rows, double[] values)
    {
        var ordered = new Matrix<double>(rows.Rows, rows.Columns);
        var next = 0;
        foreach (var row in Enumerable.Range(0, rows.Rows).OrderByDescending(row => values[row]))
        {
            rows.Row(row).CopyTo(ordered.Row(next++));
        }

        return ordered;
    }

    private static double Dot(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        double sum = 0;
        for (var index = 0; index < x.Length; index++)
        {
            sum += x[index] * y[index];
        }

        return sum;
    }

    private static void Rotate(Span<double> x, Span<double> y, double c, double s)
    {
        for (var index = 0; index < x.Length; index++)
        {
            (x[index], y[index]) = ((c * x[index]) - (s * y[index]), (s * x[index]) + (c * y[index]));
        }
    }

    private static double Norm(Block<double> a, int firstRow, int column)
    {
        double largest = 0;
        for (var row = firstRow; row < a.Rows; row++)
        {
            largest = Math.Max(largest, Math.Abs(a[row, column]));
        }

        if (largest == 0)
        {
            return 0;
        }

        double sum = 0;
        for (var row = firstRow; row < a.Rows; row++)
        {
            var scaled = a[row, column] / largest;
            sum += scaled * scaled;
        }

        return largest * Math.Sqrt(sum);
    }

    private static void ApplyReflector(Block<double> v, int step, double scale, Block<double> target, int firstColumn)
    {
        for (var column = firstColumn; column < target.Columns; column++)
        {
            var sum = target[step, column];
            for (var row = step + 1; row < target.Rows; row++)
            {
                sum += v[row, step] * target[row, column];
            }

            sum *= scale;
            target[step, column] -= sum;
            for (var row = step + 1; row < target.Rows; row++)
            {
                target[row, column] -= sum * v[row, step];
            }
        }
    }
}
