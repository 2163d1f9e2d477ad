using System.Runtime.CompilerServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// Column-pivoted QR with delayed updates (Quintana-Orti, Sun, Bischof, A BLAS-3 Version of the QR Factorization with Column
/// Pivoting, SIAM J. Sci. Comput. 1998; LAPACK's geqp3), and the safe norm down-date of Drmac and Bujanovic (2008). The
/// matrix is worked on transposed, so that each column is contiguous: swaps, reflectors and dot products stream. The pass
/// over what is left, one a step, is all that memory has to bear; it is shared by the team. Ties go to the lowest position.
/// </summary>
internal sealed unsafe class PivotedQrFactor : IDisposable
{
    private const int PanelSteps = 32;
    private const int ColumnsPerTask = 32;

    // LAPACK's tol3z: below it, a down-dated norm has lost half its digits and is computed afresh.
    private static readonly double NormLoss = Math.Sqrt(double.BitIncrement(1) - 1);

    private readonly Team _team;
    private readonly Workspace<double> _memory;
    private readonly Workspace<double> _updateMemory;
    private readonly Workspace<double> _row;
    private readonly Block<double> _columns; // n x m: row j is column j of the matrix
    private readonly Block<double> _updates; // F^T: PanelSteps x n; columns -= F V^T is owed to what the panel has not touched
    private readonly double[] _norms;
    private readonly double[] _reference;    // norm when last computed afresh

    private PivotedQrFactor(Team team, int m, int n)
    {
        _team = team;
        var stride = ((m + 7) & ~7) + 8; // an odd number of lines, so that columns do not share cache sets
        _memory = new((long)n * stride);
        _columns = new(_memory.Data, n, m, stride);
        _updateMemory = new((long)PanelSteps * n);
        _updates = _updateMemory.AsBlock(PanelSteps, n);
        _row = new(n + PanelSteps);
        _norms = new double[n];
        _reference = new double[n];
    }

    /// <summary>Factors in place; see <see cref="CpuBackend.FactorPivotedQr"/>.</summary>
    /// <returns>The rank.</returns>
    public static int Run(Team team, Block<double> a, Span<int> pivots, Span<double> scales, int maxRank, double relativeTolerance)
    {
        using var work = new PivotedQrFactor(team, a.Rows, a.Columns);
        Vectors.Copy(team, a.Transposed, work._columns);
        for (var column = 0; column < a.Columns; column++)
        {
            pivots[column] = column;
            work.Measure(column, 0);
        }

        var (rank, threshold, more) = (0, double.NaN, true);
        while (more && rank < maxRank)
        {
            more = work.Panel(ref rank, Math.Min(rank + PanelSteps, maxRank), pivots, scales, relativeTolerance, ref threshold);
        }

        Vectors.Copy(team, work._columns.Transposed, a);
        return rank;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _updateMemory.Dispose();
        _row.Dispose();
    }

    // Steps until the panel is full, a norm must be computed afresh, or nothing above the threshold is left (then false).
    private bool Panel(ref int rank, int end, Span<int> pivots, Span<double> scales, double relativeTolerance, ref double threshold)
    {
        var first = rank;
        var (stale, more) = (false, true);
        while (rank < end && !stale)
        {
            var best = Best(rank);
            threshold = double.IsNaN(threshold) ? relativeTolerance * _norms[best] : threshold;
            if (_norms[best] <= threshold)
            {
                more = false;
                break;
            }

            Exchange(rank, best, rank - first, pivots);
            scales[rank] = Eliminate(rank, first);
            stale = DowndateNorms(rank);
            rank++;
        }

        if (rank < _columns.Rows && rank < _columns.Columns && rank > first)
        {
            var owed = _updates.Window(0, rank, rank - first, _columns.Rows - rank);
            Gemm.Run<double, double, double>(_team, -1, owed.Transposed, _columns.Window(first, rank, rank - first, _columns.Columns - rank), 1, _columns.From(rank, rank));
        }

        for (var column = rank; column < _columns.Rows; column++)
        {
            if (_reference[column] < 0)
            {
                Measure(column, rank);
            }
        }

        return more;
    }

    private void Measure(int column, int fromRow)
    {
        _norms[column] = Vectors.Norm(_columns.At(column, fromRow), _columns.Columns - fromRow);
        _reference[column] = _norms[column];
    }

    private int Best(int from)
    {
        var best = from;
        for (var column = from + 1; column < _norms.Length; column++)
        {
            if (_norms[column] > _norms[best])
            {
                best = column;
            }
        }

        return best;
    }

    private void Exchange(int step, int best, int panelStep, Span<int> pivots)
    {
        if (step == best)
        {
            return;
        }

        Vectors.Swap(_columns.At(step, 0), _columns.At(best, 0), _columns.Columns);
        for (var row = 0; row < panelStep; row++)
        {
            (_updates[row, step], _updates[row, best]) = (_updates[row, best], _updates[row, step]);
        }

        (pivots[step], pivots[best]) = (pivots[best], pivots[step]);
        (_norms[best], _reference[best]) = (_norms[step], _reference[step]);
    }

    // One column: bring it up to date, make its reflector, find what the reflector owes the others, bring row `step` up to date.
    private double Eliminate(int step, int first)
    {
        var (k, length, later) = (step - first, _columns.Columns - step, _columns.Rows - step - 1);
        var v = _columns.At(step, step);
        var panel = _columns.Window(first, step, k, length);
        Vectors.AddRows(panel, _updates.At(0, step), _updates.RowStep, -1, v);
        var scale = Reflector.Make(v, length);
        if (later == 0)
        {
            return scale;
        }

        var beta = v[0];
        v[0] = 1;
        var owed = _updates.At(k, step + 1);
        var rest = _columns.From(step + 1, step);
        var tasks = (double)later * length < 1 << 14 ? 1 : Gemm.CeilingDivide(later, ColumnsPerTask);
        _team.Run(tasks, task =>
        {
            var start = task * ColumnsPerTask;
            Vectors.RowDots(rest.Window(start, 0, tasks == 1 ? later : Math.Min(ColumnsPerTask, later - start), length), v, owed + start);
        });
        var overlaps = _row.Data + _columns.Rows;
        Vectors.RowDots(panel, v, overlaps);
        Vectors.AddRows(_updates.Window(0, step + 1, k, later), overlaps, 1, -1, owed);
        Vectors.Scale(scale, owed, later);

        var row = _row.Data;
        new Span<double>(row, later).Clear();
        Vectors.AddRows(_updates.Window(0, step + 1, k + 1, later), _columns.At(first, step), _columns.RowStep, -1, row);
        AddToRow(step, row, later);
        v[0] = beta;
        return scale;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToRow(int step, double* row, int later)
    {
        for (var column = 0; column < later; column++)
        {
            _columns[step + 1 + column, step] += row[column];
        }
    }

    // True when some norm lost half its digits; those are marked by a negative reference.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool DowndateNorms(int step)
    {
        var stale = false;
        for (var column = step + 1; column < _norms.Length; column++)
        {
            if (_norms[column] == 0)
            {
                continue;
            }

            var share = Math.Abs(_columns[column, step]) / _norms[column];
            var left = Math.Max(0, (1 + share) * (1 - share));
            var ratio = _norms[column] / _reference[column];
            if (left * ratio * ratio <= NormLoss)
            {
                _reference[column] = -1;
                stale = true;
            }
            else
            {
                _norms[column] *= Math.Sqrt(left);
            }
        }

        return stale;
    }
}
