namespace OnnxCompress.Numerics.Kernels;

/// <summary>
/// A = Q T Q^T with T tridiagonal, by blocks of reflectors (Dongarra, Sorensen, Hammarling 1989; LAPACK's sytrd). Within a
/// panel the matrix is left alone: what the panel owes, V W^T + W V^T, is paid at its end by one product. The matrix is
/// kept full, so its product with a vector streams rows and each row is one task's.
/// </summary>
internal sealed unsafe class TridiagonalReduction : IDisposable
{
    private const int PanelSteps = 32;
    private const int RowsPerTask = 32;

    private readonly Team _team;
    private readonly Block<double> _a;
    private readonly Workspace<double> _owedMemory;
    private readonly Workspace<double> _swappedMemory;
    private readonly Workspace<double> _small = new(PanelSteps);
    private readonly Block<double> _v;      // V^T of the panel
    private readonly Block<double> _w;      // W^T of the panel, right below V^T
    private readonly Block<double> _owed;   // both, 2 PanelSteps x n

    private TridiagonalReduction(Team team, Block<double> a)
    {
        _team = team;
        _a = a;
        _owedMemory = new(2L * PanelSteps * a.Rows);
        _swappedMemory = new(2L * PanelSteps * a.Rows);
        _owed = _owedMemory.AsBlock(2 * PanelSteps, a.Rows);
        _v = _owed.Window(0, 0, PanelSteps, a.Rows);
        _w = _owed.From(PanelSteps, 0);
    }

    /// <summary>
    /// Reduces a full symmetric block. On return row j of <paramref name="a"/> holds reflector j from column j + 2 on (its
    /// leading 1 at j + 1 is implied).
    /// </summary>
    public static void Run(Team team, Block<double> a, Span<double> diagonal, Span<double> offDiagonal, Span<double> scales)
    {
        using var work = new TridiagonalReduction(team, a);
        for (var first = 0; first < a.Rows; first += PanelSteps)
        {
            var last = Math.Min(first + PanelSteps, a.Rows);
            for (var column = first; column < last; column++)
            {
                work.Step(column, column - first, out diagonal[column], offDiagonal, scales);
            }

            if (last < a.Rows)
            {
                work.Pay(last, last - first);
            }
        }
    }

    /// <summary>Writes Q for what <see cref="Run"/> left; any steps.</summary>
    public static void FormQ(Team team, Block<double> a, ReadOnlySpan<double> scales, Block<double> q)
    {
        for (var index = 0; index < q.Rows; index++)
        {
            (q[0, index], q[index, 0]) = (0, 0);
        }

        q[0, 0] = 1;
        if (q.Rows > 1)
        {
            BlockReflector.Form(team, a.Window(0, 1, a.Rows - 1, a.Rows - 1).Transposed, scales[..(a.Rows - 1)], q.From(1, 1));
        }
    }

    public void Dispose()
    {
        _owedMemory.Dispose();
        _swappedMemory.Dispose();
        _small.Dispose();
    }

    private void Step(int column, int k, out double diagonal, Span<double> offDiagonal, Span<double> scales)
    {
        var n = _a.Rows;
        var x = _a.At(column, column); // column `column`, which by symmetry lies in its row
        Vectors.AddRows(_v.Window(0, column, k, n - column), _w.At(0, column), _w.RowStep, -1, x);
        Vectors.AddRows(_w.Window(0, column, k, n - column), _v.At(0, column), _v.RowStep, -1, x);
        diagonal = x[0];
        if (column == n - 1)
        {
            return;
        }

        var length = n - column - 1;
        var scale = Reflector.Make(x + 1, length);
        offDiagonal[column] = x[1];
        scales[column] = scale;
        new Span<double>(_v.At(k, 0), column + 1).Clear();
        new Span<double>(_w.At(k, 0), column + 1).Clear();
        double* v = _v.At(k, column + 1), w = _w.At(k, column + 1);
        new Span<double>(x + 1, length).CopyTo(new(v, length));
        v[0] = 1;
        if (scale == 0)
        {
            new Span<double>(w, length).Clear();
            return;
        }

        // w = scale (A - V W^T - W V^T) v, then w -= (scale / 2) (w . v) v.
        var rest = _a.From(column + 1, column + 1);
        var tasks = (double)length * length < 1 << 14 ? 1 : Gemm.CeilingDivide(length, RowsPerTask);
        _team.Run(tasks, task =>
        {
            var start = task * RowsPerTask;
            Vectors.RowDots(rest.Window(start, 0, tasks == 1 ? length : Math.Min(RowsPerTask, length - start), length), v, w + start);
        });
        var (earlierV, earlierW) = (_v.Window(0, column + 1, k, length), _w.Window(0, column + 1, k, length));
        Vectors.RowDots(earlierW, v, _small.Data);
        Vectors.AddRows(earlierV, _small.Data, 1, -1, w);
        Vectors.RowDots(earlierV, v, _small.Data);
        Vectors.AddRows(earlierW, _small.Data, 1, -1, w);
        Vectors.Scale(scale, w, length);
        Vectors.AddScaled(-0.5 * scale * Vectors.Dot(w, v, length), v, w, length);
    }

    // rest -= V W^T + W V^T = [V W] [W V]^T, lower triangle, then mirrored.
    private void Pay(int from, int steps)
    {
        var length = _a.Rows - from;
        var swapped = _swappedMemory.AsBlock(2 * steps, length);
        var gathered = _owed.Window(0, from, 2 * steps, length);
        for (var row = 0; row < steps; row++)
        {
            new Span<double>(_w.At(row, from), length).CopyTo(new(swapped.At(row, 0), length));
            new Span<double>(_v.At(row, from), length).CopyTo(new(swapped.At(steps + row, 0), length));
        }

        var rest = _a.From(from, from);
        Gemm.Run<double, double, double>(_team, -1, gathered.Transposed, swapped, 1, rest, Region.Lower);
        Gemm.MirrorLower(_team, rest);
    }
}
