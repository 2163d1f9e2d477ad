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
/// with that, so that a run over all C channels costs a third of C^3 for each matrix and update.
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
    private IDenseOperand _gram;      // G
    private IDenseOperand _targeted;  // G Q
    private IDenseOperand? _scored;   // G Q G, where channels are chosen by what they explain of the target
    private IDenseOperand? _judged;   // R, where errors are asked for
    private double _judgedLeft;
    private int _left;

    /// <summary>Prepares one consumer.</summary>
    /// <param name="moments">Its moments; not changed.</param>
    /// <param name="groupChannels">Channels of the group; the consumer may read fewer.</param>
    /// <param name="folds">What is fitted to, and what judges; without a judge no error is stated.</param>
    /// <param name="ridge">Added to the diagonal of G, relative to its mean.</param>
    /// <param name="isScored">Whether <see cref="TargetScore"/> is asked for.</param>
    /// <param name="backend">Multiplies.</param>
    public ConsumerResidual(
        ConsumerMoments moments, int groupChannels, (ChannelMoments Fit, ChannelMoments? Judged) folds, double ridge, bool isScored, IDenseBackend backend)
    {
        var (fit, judged) = folds;
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
        using var target = _chain.Put(moments.Target);
        _targeted = _chain.Product(_gram, Transpose.No, target, Transpose.No);
        if (isScored)
        {
            _scored = _chain.Product(_targeted, Transpose.No, _gram, Transpose.No);
            ReadScores(_scored);
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
        _targeted.Dispose();
        _scored?.Dispose();
        _judged?.Dispose();
        _chain.Dispose();
    }

    private void ReadScores(IDenseOperand scored)
    {
        var all = new Matrix<double>(scored.Rows, scored.Columns);
        _chain.Read(scored, all);
        for (var j = 0; j < _scores.Length; j++)
        {
            _scores[j] = all[j, j];
        }
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

        var targeted = Row(_targeted, p, (step, row) => AddScaled(row, -step.Coefficients[p], step.Targeted));
        var judged = _judged is null ? null : Left(Row(_judged, p, (step, row) => AddSymmetric(row, p, step.Coefficients, step.Judged!)));
        // With c the coefficients and Q c = targeted / diagonal: tr(Q R) loses 2 c^T Q r_p - R_pp c^T Q c.
        var weight = Dot(coefficients, targeted) / diagonal;
        _judgedLeft -= judged is null ? 0 : (2 * Dot(targeted, judged) / diagonal) - (judged[p] * weight);
        var scored = _scored is null ? null : Left(Row(_scored, p, (step, row) => AddSymmetric(row, p, step.Coefficients, step.Scored!)));
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

        _owed.Add(new(diagonal, coefficients, targeted, Halved(scored, p, coefficients), Halved(judged, p, coefficients)));
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

    /// <summary>Row p of <c>- c x^T - x c^T</c>.</summary>
    private static void AddSymmetric(double[] row, int p, double[] coefficients, double[] other)
    {
        AddScaled(row, -coefficients[p], other);
        AddScaled(row, -other[p], coefficients);
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
        using var coefficients = Panel(left, step => step.Coefficients);
        using var scaled = Panel(left, step => step.Coefficients, step => step.Diagonal);
        using var targeted = Panel(left, step => step.Targeted);
        _gram = Paid(_gram, left, (scaled, coefficients));
        _targeted = Paid(_targeted, left, (coefficients, targeted));
        if (_judged is not null)
        {
            using var judged = Panel(left, step => step.Judged!);
            _judged = Paid(_judged, left, (coefficients, judged), (judged, coefficients));
        }

        if (_scored is not null)
        {
            using var scored = Panel(left, step => step.Scored!);
            _scored = Paid(_scored, left, (coefficients, scored), (scored, coefficients));
        }

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

    private IDenseOperand Paid(IDenseOperand matrix, int[] left, params ReadOnlySpan<(IDenseOperand A, IDenseOperand B)> products)
    {
        var paid = _chain.Part(matrix, left);
        matrix.Dispose();
        foreach (var (a, b) in products)
        {
            _chain.Multiply(-1, a, Transpose.Yes, b, Transpose.No, 1, paid);
        }

        return paid;
    }

    private static T[] Of<T>(T[] values, int[] left) => Array.ConvertAll(left, j => values[j]);

    /// <summary>A step whose updates are not in the matrices yet.</summary>
    /// <param name="Diagonal">d, the pivot's diagonal.</param>
    /// <param name="Coefficients">c; G loses <c>d c c^T</c>.</param>
    /// <param name="Targeted">b, the pivot's row of G Q, which loses <c>c b^T</c>.</param>
    /// <param name="Scored">v; G Q G loses <c>c v^T + v c^T</c>.</param>
    /// <param name="Judged">u; R loses <c>c u^T + u c^T</c>.</param>
    private sealed record OwedStep(double Diagonal, double[] Coefficients, double[] Targeted, double[]? Scored, double[]? Judged);
}
