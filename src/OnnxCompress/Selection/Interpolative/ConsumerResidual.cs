using static OnnxCompress.Selection.DenseVectors;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// What one consumer has left to explain while channels are kept one after the other. With G the Gram of the fold that
/// is fitted, R that of the fold that is judged, Q the target and p the channel kept next, <c>c = G_:p / G_pp</c> are the
/// coefficients by which p explains the others, and a step is
/// <c>G &lt;- G - G_:p c^T</c> and <c>R &lt;- R - R_:p c^T - c R_p: + R_pp c c^T</c>:
/// elimination, so that after k steps the coefficients are those of least squares on the k channels, and R holds what
/// they leave unexplained on data they were not fitted to. Kept channels leave nothing and are dropped from the
/// matrices, so that a run over all C channels costs a third of C^3 for each.
/// </summary>
internal sealed class ConsumerResidual
{
    /// <summary>A residual diagonal below this share of the original one is rounding, not information.</summary>
    private const double ExplainedShare = 1e-12;

    private readonly int _stride;
    private readonly int[] _slotOf;
    private readonly int[] _channelAt;
    private readonly double[] _gram;
    private readonly double[] _targetGram;
    private readonly double[] _judged;
    private readonly double[] _scores;
    private readonly double[] _floor;
    private readonly double[] _coefficients;
    private readonly double[] _response;
    private readonly double[] _judgedColumn;
    private readonly double _fittedEnergy;
    private readonly double _judgedEnergy;
    private readonly double _trace;
    private double _judgedLeft;
    private int _left;

    /// <summary>Prepares one consumer.</summary>
    /// <param name="moments">Its moments; not changed.</param>
    /// <param name="groupChannels">Channels of the group; the consumer may read fewer.</param>
    /// <param name="fit">What is fitted to.</param>
    /// <param name="judged">What it is judged on.</param>
    /// <param name="ridge">Added to the diagonal of G, relative to its mean.</param>
    public ConsumerResidual(ConsumerMoments moments, int groupChannels, ChannelMoments fit, ChannelMoments judged, double ridge)
    {
        _stride = _left = fit.Gram.Rows;
        _slotOf = new int[groupChannels];
        Array.Fill(_slotOf, -1);
        _channelAt = (int[])moments.Consumer.Channels.Clone();
        for (var slot = 0; slot < _left; slot++)
        {
            _slotOf[_channelAt[slot]] = slot;
        }

        _gram = fit.Gram.Values.ToArray();
        _judged = judged.Gram.Values.ToArray();
        _targetGram = new double[_gram.Length];
        _fittedEnergy = moments.Energy(fit.Gram);
        _judgedEnergy = _judgedLeft = moments.Energy(judged.Gram);
        _scores = new double[_stride];
        _floor = new double[_stride];
        (_coefficients, _response, _judgedColumn) = (new double[_stride], new double[_stride], new double[_stride]);
        for (var j = 0; j < _stride; j++)
        {
            _trace += _gram[(j * _stride) + j];
        }

        for (var j = 0; j < _stride; j++)
        {
            _gram[(j * _stride) + j] += ridge * _trace / _stride;
            _floor[j] = ExplainedShare * _gram[(j * _stride) + j];
        }

        Prepare(moments.Target.Values);
    }

    /// <summary>Squared relative error of the consumer's output on the judged fold with the channels kept so far.</summary>
    public double SquaredError => _left > 0 && _judgedEnergy > 0 ? Math.Max(_judgedLeft, 0) / _judgedEnergy : 0;

    /// <summary>Share of the output's energy that keeping the channel explains: <c>(g^T Q g) / G_pp</c>.</summary>
    public double TargetScore(int channel) =>
        _slotOf[channel] is var p && p >= 0 && _fittedEnergy > 0 && Diagonal(p) > _floor[p] ? _scores[p] / Diagonal(p) / _fittedEnergy : 0;

    /// <summary>Share of the channels' energy that is left in the channel.</summary>
    public double NormScore(int channel) => _slotOf[channel] is var p && p >= 0 && _trace > 0 ? Diagonal(p) / _trace : 0;

    /// <summary>Keeps a channel.</summary>
    public void Take(int channel)
    {
        var p = _slotOf[channel];
        if (p < 0)
        {
            return;
        }

        if (Diagonal(p) > _floor[p])
        {
            Deflate(p);
        }
        else
        {
            ForgetJudged(p);
        }

        Drop(p);
    }

    /// <summary>Q G, and the diagonal of G Q G.</summary>
    private void Prepare(ReadOnlySpan<double> target)
    {
        for (var i = 0; i < _stride; i++)
        {
            var row = _targetGram.AsSpan(i * _stride, _stride);
            for (var k = 0; k < _stride; k++)
            {
                AddScaled(row, target[(i * _stride) + k], _gram.AsSpan(k * _stride, _stride));
            }

            for (var j = 0; j < _stride; j++)
            {
                _scores[j] += _gram[(i * _stride) + j] * row[j];
            }
        }
    }

    private double Diagonal(int slot) => _gram[(slot * _stride) + slot];

    private void Deflate(int p)
    {
        var n = _left;
        var diagonal = Diagonal(p);
        var coefficients = _coefficients.AsSpan(0, n);
        var response = _response.AsSpan(0, n);
        var judgedColumn = _judgedColumn.AsSpan(0, n);
        for (var j = 0; j < n; j++)
        {
            coefficients[j] = _gram[(p * _stride) + j] / diagonal;
            response[j] = _targetGram[(j * _stride) + p] / diagonal;
            judgedColumn[j] = _judged[(p * _stride) + j];
        }

        // With c the coefficients and response = Q c: tr(Q R) loses 2 c^T Q r_p - R_pp c^T Q c.
        var weight = Dot(coefficients, response);
        var judgedDiagonal = judgedColumn[p];
        _judgedLeft -= (2 * Dot(response, judgedColumn)) - (judgedDiagonal * weight);
        for (var j = 0; j < n; j++)
        {
            var row = _gram.AsSpan(j * _stride, n);
            var share = coefficients[j];
            // diag(G' Q G') from the old G: h_j - 2 c_j d (G Q c)_j + c_j^2 d^2 c^T Q c, d the pivot's diagonal.
            var scaled = share * diagonal;
            _scores[j] = Math.Max(0, _scores[j] - (2 * scaled * Dot(row, response)) + (scaled * scaled * weight));
            AddScaled(row, -scaled, coefficients);
            AddScaled(_targetGram.AsSpan(j * _stride, n), -response[j] * diagonal, coefficients);
            var judged = _judged.AsSpan(j * _stride, n);
            AddScaled(judged, (share * judgedDiagonal) - judgedColumn[j], coefficients);
            AddScaled(judged, -share, judgedColumn);
        }
    }

    /// <summary>A channel that the others explain on the fitted fold may still carry something on the judged one.</summary>
    private void ForgetJudged(int p)
    {
        for (var j = 0; j < _left; j++)
        {
            _judged[(p * _stride) + j] = _judged[(j * _stride) + p] = 0;
        }
    }

    /// <summary>Moves the last slot into the place of a kept one.</summary>
    private void Drop(int p)
    {
        var last = --_left;
        _slotOf[_channelAt[p]] = -1;
        if (p == last)
        {
            return;
        }

        foreach (var matrix in (double[][])[_gram, _targetGram, _judged])
        {
            matrix.AsSpan(last * _stride, _left + 1).CopyTo(matrix.AsSpan(p * _stride, _left + 1));
            for (var j = 0; j < _left; j++)
            {
                matrix[(j * _stride) + p] = matrix[(j * _stride) + last];
            }
        }

        (_scores[p], _floor[p], _channelAt[p]) = (_scores[last], _floor[last], _channelAt[last]);
        _slotOf[_channelAt[p]] = p;
    }
}
