namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// A = Q B P^T with B upper bidiagonal, by blocks of reflectors (LAPACK's gebrd and labrd; Dongarra, Sorensen, Hammarling
/// 1989). Within a panel the matrix is left alone: what the panel owes, V Y^T + X U^T, is paid at its end by one product.
/// </summary>
internal sealed unsafe class BidiagonalReduction : IDisposable
{
    private const int PanelSteps = 32;
    private const int RowsPerTask = 32;
    private const int ColumnsPerTask = 64;

    private readonly Team _team;
    private readonly Block<double> _a;
    private readonly Workspace<double> _leftMemory;
    private readonly Workspace<double> _rightMemory;
    private readonly Workspace<double> _small = new(PanelSteps);
    private readonly Block<double> _left;   // V^T above X^T, 2 PanelSteps x m
    private readonly Block<double> _right;  // Y^T above U^T, 2 PanelSteps x n
    private readonly Block<double> _v;
    private readonly Block<double> _x;
    private readonly Block<double> _y;
    private readonly Block<double> _u;

    private BidiagonalReduction(Team team, Block<double> a)
    {
        (_team, _a) = (team, a);
        _leftMemory = new(2L * PanelSteps * a.Rows);
        _rightMemory = new(2L * PanelSteps * a.Columns);
        _left = _leftMemory.AsBlock(2 * PanelSteps, a.Rows);
        _right = _rightMemory.AsBlock(2 * PanelSteps, a.Columns);
        _v = _left.Window(0, 0, PanelSteps, a.Rows);
        _x = _left.From(PanelSteps, 0);
        _y = _right.Window(0, 0, PanelSteps, a.Columns);
        _u = _right.From(PanelSteps, 0);
    }

    /// <summary>
    /// Reduces a row-major block of at least as many rows as columns. On return column j of <paramref name="a"/> holds left
    /// reflector j below the diagonal, row j right reflector j from column j + 2 on; leading ones are implied.
    /// </summary>
    public static void Run(Team team, Block<double> a, Span<double> diagonal, Span<double> offDiagonal, Span<double> leftScales, Span<double> rightScales)
    {
        using var work = new BidiagonalReduction(team, a);
        for (var first = 0; first < a.Columns; first += PanelSteps)
        {
            var last = Math.Min(first + PanelSteps, a.Columns);
            for (var step = first; step < last; step++)
            {
                leftScales[step] = work.EliminateColumn(step, step - first, out diagonal[step]);
                rightScales[step] = step < a.Columns - 1 ? work.EliminateRow(step, step - first, out offDiagonal[step]) : 0;
            }

            if (last < a.Columns)
            {
                Gemm.Run<double, double, double>(team, -1, work._left.From(0, last).Transposed, work._right.From(0, last), 1, a.From(last, last));
            }
        }
    }

    public void Dispose()
    {
        _leftMemory.Dispose();
        _rightMemory.Dispose();
        _small.Dispose();
    }

    private double EliminateColumn(int step, int k, out double diagonal)
    {
        var (length, later) = (_a.Rows - step, _a.Columns - step - 1);
        var v = _v.At(k, step);
        for (var row = 0; row < length; row++)
        {
            v[row] = _a[step + row, step];
        }

        var (earlierV, earlierX) = (_v.Window(0, step, k, length), _x.Window(0, step, k, length));
        Vectors.AddRows(earlierV, _y.At(0, step), _y.RowStep, -1, v);
        Vectors.AddRows(earlierX, _u.At(0, step), _u.RowStep, -1, v);
        var scale = Reflector.Make(v, length);
        diagonal = v[0];
        v[0] = 1;
        new Span<double>(_v.At(k, 0), step).Clear();
        new Span<double>(_y.At(k, 0), step + 1).Clear();
        for (var row = 1; row < length; row++)
        {
            _a[step + row, step] = v[row];
        }

        if (later == 0)
        {
            return scale;
        }

        // y = scale (A - V Y^T - X U^T)^T v
        var y = _y.At(k, step + 1);
        new Span<double>(y, later).Clear();
        var rest = _a.From(step, step + 1);
        var tasks = (double)later * length < 1 << 14 ? 1 : Gemm.CeilingDivide(later, ColumnsPerTask);
        _team.Run(tasks, task =>
        {
            var start = task * ColumnsPerTask;
            Vectors.AddRows(rest.Window(0, start, length, tasks == 1 ? later : Math.Min(ColumnsPerTask, later - start)), v, 1, 1, y + start);
        });
        Vectors.RowDots(earlierV, v, _small.Data);
        Vectors.AddRows(_y.Window(0, step + 1, k, later), _small.Data, 1, -1, y);
        Vectors.RowDots(earlierX, v, _small.Data);
        Vectors.AddRows(_u.Window(0, step + 1, k, later), _small.Data, 1, -1, y);
        Vectors.Scale(scale, y, later);
        return scale;
    }

    private double EliminateRow(int step, int k, out double offDiagonal)
    {
        var (below, length) = (_a.Rows - step - 1, _a.Columns - step - 1);
        var row = _a.At(step, step + 1);
        var (y, earlierU) = (_y.Window(0, step + 1, k + 1, length), _u.Window(0, step + 1, k, length));
        Vectors.AddRows(y, _v.At(0, step), _v.RowStep, -1, row);
        Vectors.AddRows(earlierU, _x.At(0, step), _x.RowStep, -1, row);
        var scale = Reflector.Make(row, length);
        offDiagonal = row[0];
        new Span<double>(_u.At(k, 0), step + 1).Clear();
        new Span<double>(_x.At(k, 0), step + 1).Clear();
        double* u = _u.At(k, step + 1), x = _x.At(k, step + 1);
        new Span<double>(row, length).CopyTo(new(u, length));
        u[0] = 1;

        // x = scale (A - V Y^T - X U^T) u
        var rest = _a.From(step + 1, step + 1);
        var tasks = (double)below * length < 1 << 14 ? 1 : Gemm.CeilingDivide(below, RowsPerTask);
        _team.Run(tasks, task =>
        {
            var start = task * RowsPerTask;
            Vectors.RowDots(rest.Window(start, 0, tasks == 1 ? below : Math.Min(RowsPerTask, below - start), length), u, x + start);
        });
        Vectors.RowDots(y, u, _small.Data);
        Vectors.AddRows(_v.Window(0, step + 1, k + 1, below), _small.Data, 1, -1, x);
        Vectors.RowDots(earlierU, u, _small.Data);
        Vectors.AddRows(_x.Window(0, step + 1, k, below), _small.Data, 1, -1, x);
        Vectors.Scale(scale, x, below);
        return scale;
    }
}
