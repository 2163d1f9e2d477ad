using OnnxCompress.Numerics;
using static OnnxCompress.Numerics.Kernels.Vectors;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// What one consumer has left to explain while channels are kept one after the other. With G the Gram of the fold that
/// is fitted, R that of the fold that is judged, Q the target and p the channel kept next, <c>c = G_:p / G_pp</c> are the
/// coefficients by which p explains the others, and a step is
/// <c>G &lt;- G - G_:p c^T</c> and <c>R &lt;- R - R_:p c^T - c R_p: + R_pp c c^T</c>:
/// elimination, so that after k steps the coefficients are those of least squares on the k channels, and R holds what
/// they leave unexplained on data they were not fitted to. A step needs one row of each matrix; what it takes off the
/// rest is owed for a block of steps and then paid by products in a chain. Kept channels leave nothing and are dropped
/// with that, so that a run over all C channels costs a third of C^3 for each matrix.
/// </summary>
internal sealed class ConsumerResidual : IDisposable
{
    /// <summary>A residual diagonal below this share of the original one is rounding, not information.</summary>
    private const double ExplainedShare = 1e-12;

    /// <summary>Steps that are owed at most: products of that depth are fast, rows are still cheap to bring up to date.</summary>
    private const int BlockSteps = 64;

    private readonly IDenseChain _chain;
    private readonly List<OwedStep> _owed = [];
    private readonly int[] _slotOf;
    private readonly double _fittedEnergy;
    private readonly double _judgedEnergy;
    private readonly double _trace;
    private int[] _channelAt;
    private bool[] _isLeft;
    private double[] _diagonal;
    private double[] _scores;
    private double[] _floor;
    private IDenseOperand _gram;                // G
    private readonly FactoredTarget? _factored; // G Q and G Q G, where the consumer has few outputs; else
    private IDenseOperand? _targeted;           // G Q, and
    private IDenseOperand? _scored;             // G Q G, where channels are chosen by what they explain of the target
    private IDenseOperand? _judged;             // R, where errors are asked for
    private double _judgedLeft;
    private int _left;

    /// <summary>Prepares one consumer.</summary>
    /// <param name="folds">Its moments; not changed. Where nothing judges, no error is stated.</param>
    /// <param name="groupChannels">Channels of the group; the consumer may read fewer.</param>
    /// <param name="ridge">Added to the diagonal of G, relative to its mean.</param>
    /// <param name="isScored">Whether <see cref="TargetScore"/> is asked for.</param>
    /// <param name="backend">Multiplies.</param>
    public ConsumerResidual(ConsumerFolds folds, int groupChannels, double ridge, bool isScored, IDenseBackend backend)
    {
        var (moments, fit, judged) = (folds.Moments, folds.Fit, folds.Judged);
        var n = _left = fit.Gram.Rows;
        _slotOf = new int[groupChannels];
        Array.Fill(_slotOf, -1);
        _channelAt = (int[])moments.Consumer.Channels.Clone();
        _isLeft = new bool[n];
        Array.Fill(_isLeft, true);
        _fittedEnergy = moments.Energy(fit.Gram);
        _judgedEnergy = _judgedLeft = judged is null ? 0 : moments.Energy(judged.Gram);
        (_diagonal, _scores, _floor) = (new double[n], new double[n], new double[n]);
        for (var j = 0; j < n; j++)
        {
            _slotOf[_channelAt[j]] = j;
            _trace += fit.Gram[j, j];
        }

        var shift = n > 0 ? ridge * _trace / n : 0;
        for (var j = 0; j < n; j++)
        {
            _diagonal[j] = fit.Gram[j, j] + shift;
            _floor[j] = ExplainedShare * _diagonal[j];
        }

        _chain = backend.OpenChain((double)n * n * BlockSteps);
        _gram = _chain.Copy(_chain.Put(fit.Gram), shift);
        _judged = judged is null ? null : _chain.Put(judged.Gram);
        if (moments.Factor is { } weights && (isScored || judged is not null))
        {
            _factored = new FactoredTarget(weights, fit.Gram, shift, backend);
            _scores = isScored ? _factored.Scores() : _scores;
        }
        else if (isScored || judged is not null)
        {
            Multiply(folds, shift, isScored);
        }
    }

    /// <summary>Squared relative error of the consumer's output on the judged fold with the channels kept so far.</summary>
    public double SquaredError => _left > 0 && _judgedEnergy > 0 ? Math.Max(_judgedLeft, 0) / _judgedEnergy : 0;

    /// <summary>Share of the output's energy that keeping the channel explains: <c>(g^T Q g) / G_pp</c>.</summary>
    public double TargetScore(int channel) =>
        _slotOf[channel] is var p && p >= 0 && _fittedEnergy > 0 && _diagonal[p] > _floor[p] ? _scores[p] / _diagonal[p] / _fittedEnergy : 0;

    /// <summary>Share of the channels' energy that is left in the channel.</summary>
    public double NormScore(int channel) => _slotOf[channel] is var p && p >= 0 && _trace > 0 ? _diagonal[p] / _trace : 0;

    /// <summary>Keeps a channel.</summary>
    public void Take(int channel)
    {
        var p = _slotOf[channel];
        if (p < 0)
        {
            return;
        }

        // A channel that the others explain on the fitted fold may still carry something on the judged one: it goes with it.
        if (_diagonal[p] > _floor[p])
        {
            Deflate(p);
        }

        (_isLeft[p], _slotOf[channel]) = (false, -1);
        _left--;
        if (_owed.Count == BlockSteps && _left > 0)
        {
            Pay();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _gram.Dispose();
        _targeted?.Dispose();
        _scored?.Dispose();
        _judged?.Dispose();
        _chain.Dispose();
    }

    /// <summary>G Q and G Q G with the ridge, from those without.</summary>
    private void Multiply(ConsumerFolds folds, double shift, bool isScored)
    {
        using var target = _chain.Put(folds.Moments.Target);
        using var targeted = _chain.Put(folds.Targeted);
        if (isScored)
        {
            // (G + s) Q (G + s) = G Q G + s (G Q + Q G) + s^2 Q; of a symmetric matrix half the sum with its transpose is held.
            using var scored = _chain.Put(folds.Scored);
            _scored = _chain.Copy(scored);
            _chain.AddScaled(2 * shift, targeted, _scored);
            _chain.AddScaled(shift * shift, target, _scored);
            for (var j = 0; j < _scores.Length; j++)
            {
                _scores[j] = folds.Scored[j, j] + (2 * shift * folds.Targeted[j, j]) + (shift * shift * folds.Moments.Target[j, j]);
            }
        }

        _targeted = _chain.Copy(targeted);
        _chain.AddScaled(shift, target, _targeted);
    }

    private void Deflate(int p)
    {
        var coefficients = Left(Row(_gram, p, (step, row) => AddScaled(row, -step.Diagonal * step.Coefficients[p], step.Coefficients)));
        var diagonal = coefficients[p];
        if (!(diagonal > 0))
        {
            return; // rounding of what is owed
        }

        for (var j = 0; j < coefficients.Length; j++)
        {
            coefficients[j] /= diagonal;
        }

        var targeted = _factored?.Targeted(p) ?? (_targeted is null ? null : Row(_targeted, p, (step, row) => AddScaled(row, -step.Coefficients[p], step.Targeted!)));
        var judged = _judged is null ? null : Left(SymmetricRow(_judged, p, step => step.Judged!));
        var scored = _scored is null ? _factored?.Scored(p) : Left(SymmetricRow(_scored, p, step => step.Scored!));
        // With c the coefficients and Q c = targeted / diagonal: tr(Q R) loses 2 c^T Q r_p - R_pp c^T Q c.
        var weight = targeted is null ? 0 : Dot(coefficients, targeted) / diagonal;
        _judgedLeft -= judged is null ? 0 : (2 * Dot(targeted!, judged) / diagonal) - (judged[p] * weight);
        for (var j = 0; j < coefficients.Length; j++)
        {
            var share = coefficients[j];
            _diagonal[j] -= share * share * diagonal;
            if (scored is not null)
            {
                // diag(G' Q G') from the old G: h_j - 2 c_j (G Q g)_j + c_j^2 g^T Q g, with g = d c.
                _scores[j] = Math.Max(0, _scores[j] - (2 * share * scored[j]) + (share * share * diagonal * diagonal * weight));
            }
        }

        _factored?.Take(p, coefficients);
        _owed.Add(new(
            diagonal, coefficients, _targeted is null ? null : targeted, _scored is null ? null : Halved(scored, p, coefficients), Halved(judged, p, coefficients)));
    }

    /// <summary>A row with what is owed taken off.</summary>
    private double[] Row(IDenseOperand matrix, int p, Action<OwedStep, double[]> owe)
    {
        var row = new double[matrix.Columns];
        _chain.ReadRow(matrix, p, row);
        foreach (var step in _owed)
        {
            owe(step, row);
        }

        return row;
    }

    /// <summary>The row without what is kept, where rounding leaves something.</summary>
    private double[] Left(double[] row)
    {
        for (var j = 0; j < row.Length; j++)
        {
            row[j] = _isLeft[j] ? row[j] : 0;
        }

        return row;
    }

    /// <summary>A row of half the sum of a matrix with its transpose, with what is owed taken off.</summary>
    private double[] SymmetricRow(IDenseOperand matrix, int p, Func<OwedStep, double[]> other)
    {
        var (row, column) = (new double[matrix.Columns], new double[matrix.Rows]);
        _chain.ReadRow(matrix, p, row);
        _chain.ReadColumn(matrix, p, column);
        for (var j = 0; j < row.Length; j++)
        {
            row[j] = (row[j] + column[j]) / 2;
        }

        foreach (var step in _owed)
        {
            AddScaled(row, -step.Coefficients[p], other(step));
            AddScaled(row, -other(step)[p], step.Coefficients);
        }

        return row;
    }

    /// <summary><c>x - x_p / 2 c</c>: with it, <c>x c^T + c x^T - x_p c c^T</c> has two terms and not three.</summary>
    private static double[]? Halved(double[]? row, int p, double[] coefficients)
    {
        if (row is not null)
        {
            AddScaled(row, -row[p] / 2, coefficients);
        }

        return row;
    }

    /// <summary>Takes what is owed off the matrices, and what is kept out of them.</summary>
    private void Pay()
    {
        int[] left = [.. Enumerable.Range(0, _isLeft.Length).Where(j => _isLeft[j])];
        using (var coefficients = Panel(left, step => step.Coefficients))
        {
            _gram = Paid(_gram, left, 1, (coefficients, step => step.Coefficients, step => step.Diagonal))!;
            _targeted = Paid(_targeted, left, 1, (coefficients, step => step.Targeted!, null));
            // Of a symmetric matrix half the sum with its transpose counts: one product in place of two.
            _judged = Paid(_judged, left, 2, (coefficients, step => step.Judged!, null));
            _scored = Paid(_scored, left, 2, (coefficients, step => step.Scored!, null));
        }

        _factored?.Keep(left);
        (_diagonal, _scores, _floor) = (Of(_diagonal, left), Of(_scores, left), Of(_floor, left));
        (_channelAt, _isLeft) = (Of(_channelAt, left), Of(_isLeft, left));
        for (var slot = 0; slot < left.Length; slot++)
        {
            _slotOf[_channelAt[slot]] = slot;
        }

        _owed.Clear();
    }

    private IDenseOperand Panel(int[] left, Func<OwedStep, double[]> rowOf, Func<OwedStep, double>? scale = null)
    {
        var panel = new Matrix<double>(_owed.Count, left.Length);
        for (var i = 0; i < _owed.Count; i++)
        {
            var (source, factor) = (rowOf(_owed[i]), scale?.Invoke(_owed[i]) ?? 1);
            var target = panel.Row(i);
            for (var j = 0; j < left.Length; j++)
            {
                target[j] = factor * source[left[j]];
            }
        }

        return _chain.Put(panel);
    }

    private IDenseOperand? Paid(
        IDenseOperand? matrix, int[] left, double factor, (IDenseOperand Coefficients, Func<OwedStep, double[]> RowOf, Func<OwedStep, double>? Scale) owed)
    {
        if (matrix is null)
        {
            return null;
        }

        var paid = _chain.Part(matrix, left);
        matrix.Dispose();
        using var panel = Panel(left, owed.RowOf, owed.Scale);
        _chain.Multiply(-factor, owed.Coefficients, Transpose.Yes, panel, Transpose.No, 1, paid);
        return paid;
    }

    private static T[] Of<T>(T[] values, int[] left) => Array.ConvertAll(left, j => values[j]);

    /// <summary>A step whose updates are not in the matrices yet.</summary>
    /// <param name="Diagonal">d, the pivot's diagonal.</param>
    /// <param name="Coefficients">c; G loses <c>d c c^T</c>.</param>
    /// <param name="Targeted">b, the pivot's row of G Q, which loses <c>c b^T</c>; null where that is not held.</param>
    /// <param name="Scored">v; G Q G loses <c>c v^T + v c^T</c>.</param>
    /// <param name="Judged">u; R loses <c>c u^T + u c^T</c>.</param>
    private sealed record OwedStep(double Diagonal, double[] Coefficients, double[]? Targeted, double[]? Scored, double[]? Judged);
}
