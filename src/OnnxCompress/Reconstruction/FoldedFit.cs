using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Least squares for a kernel that is a column and then a row, <c>min over U, V of ||T - W X||^2 + lambda ||W - W0||^2</c> with
/// <c>W_x = U_x V</c> for each element x of the row: alternately, U by its normal equations, V by conjugate gradients on its own, whose
/// operator <c>sum over x, x' of U_x'^T U_x V A_xx'</c> is never formed (A the Gram of patches, in blocks of columns). The column begins
/// as the truncation of the free solution that is best where neighbouring columns of a patch do not correlate.
/// </summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="kernel">How the kernel folds.</param>
/// <param name="rank">Rank of the folded weight.</param>
/// <param name="moments">Moments of patches and targets.</param>
/// <param name="prior">The weights that the ridge draws to, <c>outputs x columns</c>.</param>
internal sealed class FoldedFit(IDenseBackend backend, FoldedKernel kernel, int rank, TargetMoments moments, Matrix<double> prior)
{
    /// <summary>Conjugate gradients of one V; the next begin where these ended.</summary>
    private const int Steps = 6;

    /// <summary>Relative residual, in the norm of the preconditioner, below which they end.</summary>
    private const double Enough = 1e-3;

    private readonly Matrix<double> _gram = Sorted(moments.Normal, kernel);
    private readonly Matrix<double> _cross = SortedColumns(moments.Cross, kernel), _prior = SortedColumns(prior, kernel);

    /// <summary>The column, <c>rank x (inputs * height)</c>: where the next solution begins; null for the best guess.</summary>
    public Matrix<double>? Column { get; set; }

    /// <summary>The mean diagonal of the Gram, which ridges are relative to.</summary>
    public double MeanDiagonal => Enumerable.Range(0, _gram.Rows).Sum(i => _gram[i, i]) / _gram.Rows;

    private int Side => kernel.Side;

    /// <summary>Solves.</summary>
    /// <param name="lambda">The ridge, absolute.</param>
    /// <param name="sweeps">How often the column is solved for; 0 leaves it.</param>
    /// <returns><c>outputs x columns</c>, in the order of the weight; null where it cannot be solved.</returns>
    public Matrix<double>? Solve(double lambda, int sweeps)
    {
        var gram = _gram.Clone();
        for (var i = 0; i < gram.Rows; i++)
        {
            gram[i, i] += lambda;
        }

        var target = _cross.Clone();
        for (var i = 0; i < target.Values.Length; i++)
        {
            target.Values[i] += lambda * _prior.Values[i];
        }

        var mean = MeanBlock(gram);
        if (backend.FactorCholesky(mean) >= 0 || (Column ?? Guess(gram, target, mean)) is not { } column || Row(gram, target, column) is not { } row)
        {
            return null;
        }

        for (var sweep = 0; sweep < sweeps; sweep++)
        {
            var next = NextColumn(gram, target, mean, row, column);
            if (Row(gram, target, next) is not { } fitted)
            {
                break;
            }

            (column, row) = (next, fitted);
        }

        Column = column;
        return Unsorted(row, column);
    }

    /// <summary>
    /// With <c>mean = L L^T</c> in place of every diagonal block and zero elsewhere, the best column is <c>Q^T L^-1</c>, Q the leading left
    /// singular vectors of <c>L^T F</c>, F the folded free solution.
    /// </summary>
    private Matrix<double>? Guess(Matrix<double> gram, Matrix<double> target, Matrix<double> mean)
    {
        var system = gram.Clone();
        if (backend.FactorCholesky(system) >= 0)
        {
            return null;
        }

        var free = target.Transpose();
        backend.SolveCholesky(system, free);
        // Rows (x, j), columns outputs: the folded matrix has j along its rows.
        var folded = new Matrix<double>(Side, kernel.Width * free.Columns);
        for (var x = 0; x < kernel.Width; x++)
        {
            folded.View.Window(0, x * free.Columns, Side, free.Columns).CopyFrom(free.View.Window(x * Side, 0, Side, free.Columns));
        }

        var scaled = backend.Multiply(mean, folded, Transpose.Yes);
        var basis = backend.TopEigen(backend.Gram(scaled.Transpose().ToReadOnlyMatrixView()), rank, new Random(0)).Vectors;
        backend.SolveTriangular(Triangle.Lower, Transpose.Yes, mean, basis);
        return basis.Transpose();
    }

    /// <summary>The row that goes with a column, its elements behind each other: <c>outputs x (width * rank)</c>.</summary>
    private Matrix<double>? Row(Matrix<double> gram, Matrix<double> target, Matrix<double> column)
    {
        var (size, along) = (kernel.Width * rank, new Matrix<double>(kernel.Width * rank, gram.Columns));
        var right = new Matrix<double>(size, target.Rows);
        for (var x = 0; x < kernel.Width; x++)
        {
            backend.Multiply(1, column, Transpose.No, gram.View.Window(x * Side, 0, Side, gram.Columns), Transpose.No, 0, along.View.Window(x * rank, 0, rank, gram.Columns));
            backend.Multiply(1, column, Transpose.No, target.View.Window(0, x * Side, target.Rows, Side), Transpose.Yes, 0, right.View.Window(x * rank, 0, rank, target.Rows));
        }

        var system = new Matrix<double>(size, size);
        for (var x = 0; x < kernel.Width; x++)
        {
            backend.Multiply(1, along.View.Window(0, x * Side, size, Side), Transpose.No, column, Transpose.Yes, 0, system.View.Window(0, x * rank, size, rank));
        }

        if (backend.FactorCholesky(system) >= 0)
        {
            return null;
        }

        backend.SolveCholesky(system, right);
        return right.Transpose();
    }

    /// <summary>Conjugate gradients, preconditioned by what the operator would be were all blocks but the diagonal ones zero, and those alike.</summary>
    private Matrix<double> NextColumn(Matrix<double> gram, Matrix<double> target, Matrix<double> mean, Matrix<double> row, Matrix<double> start)
    {
        // U_x'^T U_x in blocks, and their sum over x = x'.
        var pairs = backend.Multiply(row, row, Transpose.Yes);
        var own = new Matrix<double>(rank, rank);
        var right = new Matrix<double>(rank, Side);
        for (var x = 0; x < kernel.Width; x++)
        {
            AddScaled(1, pairs.View.Window(x * rank, x * rank, rank, rank), own);
            backend.Multiply(1, row.View.Window(0, x * rank, row.Rows, rank), Transpose.Yes, target.View.Window(0, x * Side, target.Rows, Side), Transpose.No, 1, right);
        }

        if (backend.FactorCholesky(own) >= 0)
        {
            return start;
        }

        var column = start.Clone();
        var residual = right;
        AddScaled(-1, Applied(gram, pairs, column), residual);
        var better = Preconditioned(own, mean, residual);
        var direction = better.Clone();
        var energy = Dot(residual, better);
        var end = Enough * Enough * energy;
        for (var step = 0; step < Steps && energy > end; step++)
        {
            var image = Applied(gram, pairs, direction);
            var length = energy / Dot(direction, image);
            if (!double.IsFinite(length))
            {
                break;
            }

            AddScaled(length, direction, column);
            AddScaled(-length, image, residual);
            better = Preconditioned(own, mean, residual);
            var next = Dot(residual, better);
            for (var i = 0; i < direction.Values.Length; i++)
            {
                direction.Values[i] = better.Values[i] + (next / energy * direction.Values[i]);
            }

            energy = next;
        }

        return column;
    }

    private Matrix<double> Applied(Matrix<double> gram, Matrix<double> pairs, Matrix<double> column)
    {
        var (image, along) = (new Matrix<double>(rank, Side), new Matrix<double>(rank, gram.Columns));
        for (var x = 0; x < kernel.Width; x++)
        {
            backend.Multiply(1, column, Transpose.No, gram.View.Window(x * Side, 0, Side, gram.Columns), Transpose.No, 0, along);
            for (var other = 0; other < kernel.Width; other++)
            {
                backend.Multiply(
                    1, pairs.View.Window(other * rank, x * rank, rank, rank), Transpose.No, along.View.Window(0, other * Side, rank, Side), Transpose.No, 1, image);
            }
        }

        return image;
    }

    /// <summary><c>own^-1 R mean^-1</c> from both factors.</summary>
    private Matrix<double> Preconditioned(Matrix<double> own, Matrix<double> mean, Matrix<double> residual)
    {
        var half = residual.Transpose();
        backend.SolveCholesky(mean, half);
        var whole = half.Transpose();
        backend.SolveCholesky(own, whole);
        return whole;
    }

    private Matrix<double> MeanBlock(Matrix<double> gram)
    {
        var mean = new Matrix<double>(Side, Side);
        for (var x = 0; x < kernel.Width; x++)
        {
            AddScaled(1.0 / kernel.Width, gram.View.Window(x * Side, x * Side, Side, Side), mean);
        }

        return mean;
    }

    private Matrix<double> Unsorted(Matrix<double> row, Matrix<double> column)
    {
        var weight = new Matrix<double>(row.Rows, kernel.Width * Side);
        for (var x = 0; x < kernel.Width; x++)
        {
            var part = new Matrix<double>(row.Rows, Side);
            backend.Multiply(1, row.View.Window(0, x * rank, row.Rows, rank), Transpose.No, column, Transpose.No, 0, part);
            for (var o = 0; o < row.Rows; o++)
            {
                for (var j = 0; j < Side; j++)
                {
                    weight[o, (j * kernel.Width) + x] = part[o, j];
                }
            }
        }

        return weight;
    }

    private static Matrix<double> Sorted(Matrix<double> gram, FoldedKernel kernel)
    {
        var rows = SortedColumns(gram, kernel);
        var sorted = new Matrix<double>(gram.Rows, gram.Columns);
        for (var c = 0; c < gram.Rows; c++)
        {
            rows.Row(c).CopyTo(sorted.Row(PlaceOf(c, kernel)));
        }

        return sorted;
    }

    private static Matrix<double> SortedColumns(Matrix<double> values, FoldedKernel kernel)
    {
        var sorted = new Matrix<double>(values.Rows, values.Columns);
        for (var i = 0; i < values.Rows; i++)
        {
            var from = values.Row(i);
            var to = sorted.Row(i);
            for (var c = 0; c < from.Length; c++)
            {
                to[PlaceOf(c, kernel)] = from[c];
            }
        }

        return sorted;
    }

    private static int PlaceOf(int column, FoldedKernel kernel) => (column % kernel.Width * kernel.Side) + (column / kernel.Width);

    private static double Dot(Matrix<double> a, Matrix<double> b) => Numerics.Kernels.Vectors.Dot(a.Values, b.Values);

    private static void AddScaled(double factor, ReadOnlyMatrixView<double> values, Matrix<double> sum)
    {
        for (var i = 0; i < sum.Rows; i++)
        {
            var from = values.Row(i);
            var to = sum.Row(i);
            for (var j = 0; j < to.Length; j++)
            {
                to[j] += factor * from[j];
            }
        }
    }
}
