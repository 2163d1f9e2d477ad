using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Greedy pivoted Cholesky with delayed updates (the blocking of LAPACK's pstrf; Hammarling, Higham, Lucas, LAPACK-Style
/// Codes for Pivoted Cholesky, 2007): within a block, only the pivot's row is brought up to date; after it, the residual
/// is updated by one symmetric product. Columns stay where they are, so the factor is in original order: the product is up
/// to three times that of a version that shrinks when all columns are taken, and equal when few are.
/// Residual diagonals are exact to about eps times the largest input diagonal; pivots below that are noise.
/// </summary>
internal sealed unsafe class PivotedCholeskyFactor
{
    private const int BlockRows = 32;

    private readonly Team _team;
    private readonly Block<double> _residual;
    private readonly Block<double> _factor;
    private readonly double[] _diagonal;
    private readonly bool[] _taken;

    private PivotedCholeskyFactor(Team team, Block<double> residual, Block<double> factor, double[] diagonal)
    {
        _team = team;
        _residual = residual;
        _factor = factor;
        _diagonal = diagonal;
        _taken = new bool[diagonal.Length];
    }

    /// <summary>Runs the factorisation; see <see cref="IDenseBackend.FactorPivotedCholesky"/>.</summary>
    /// <returns>The rank.</returns>
    public static int Run(Team team, Block<double> gram, double relativeTolerance, Span<int> pivots, Span<double> pivotValues, Span<double> traces, Block<double> factor)
    {
        using var copy = new Workspace<double>((long)gram.Rows * gram.Columns);
        var residual = copy.AsBlock(gram.Rows, gram.Columns);
        Vectors.Copy(team, gram, residual);
        var diagonal = new double[gram.Rows];
        double largest = 0;
        for (var index = 0; index < diagonal.Length; index++)
        {
            diagonal[index] = gram[index, index];
            largest = Math.Max(largest, diagonal[index]);
        }

        var work = new PivotedCholeskyFactor(team, residual, factor, diagonal);
        traces[0] = work.Trace();
        var rank = 0;
        while (rank < factor.Rows)
        {
            var end = Math.Min(rank + BlockRows, factor.Rows);
            var start = rank;
            while (rank < end && work.Step(rank, start, relativeTolerance * largest, out pivots[rank], out pivotValues[rank]))
            {
                rank++;
                traces[rank] = work.Trace();
            }

            if (rank < end)
            {
                break;
            }

            if (end < factor.Rows)
            {
                var block = factor.Window(start, 0, end - start, factor.Columns);
                Gemm.Run<double, double, double>(team, -1, block.Transposed, block, 1, residual, Region.Lower);
            }
        }

        for (var row = rank; row < factor.Rows; row++)
        {
            new Span<double>(factor.At(row, 0), factor.Columns).Clear();
        }

        return rank;
    }

    // Takes one pivot; rows from blockStart to step are not yet in the residual. False when nothing above the threshold is left.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool Step(int step, int blockStart, double threshold, out int pivot, out double value)
    {
        (pivot, value) = (-1, Math.Max(0, threshold));
        for (var index = 0; index < _diagonal.Length; index++)
        {
            if (_diagonal[index] > value && !_taken[index])
            {
                (pivot, value) = (index, _diagonal[index]);
            }
        }

        if (pivot < 0)
        {
            value = 0;
            return false;
        }

        var n = _factor.Columns;
        var row = _factor.At(step, 0);
        for (var column = 0; column < n; column++)
        {
            row[column] = column <= pivot ? _residual[pivot, column] : _residual[column, pivot]; // only the lower triangle is kept
        }

        Vectors.AddRows(_factor.Window(blockStart, 0, step - blockStart, n), _factor.At(blockStart, pivot), _factor.RowStep, -1, row);
        var root = Math.Sqrt(value);
        Vectors.Scale(1 / root, row, n);
        _taken[pivot] = true;
        for (var column = 0; column < n; column++)
        {
            // A column that is taken has no residual left; what rounding leaves is dropped so that the factor is triangular.
            row[column] = _taken[column] ? 0 : row[column];
            _diagonal[column] = Math.Max(0, _diagonal[column] - (row[column] * row[column]));
        }

        row[pivot] = root;
        return true;
    }

    private double Trace()
    {
        double trace = 0;
        for (var index = 0; index < _diagonal.Length; index++)
        {
            trace += _taken[index] ? 0 : _diagonal[index];
        }

        return trace;
    }
}
