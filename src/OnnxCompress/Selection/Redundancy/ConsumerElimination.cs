using OnnxCompress.Numerics;
using OnnxCompress.Selection.Interpolative;
using static OnnxCompress.Numerics.Kernels.Vectors;

namespace OnnxCompress.Selection.Redundancy;

/// <summary>
/// What it costs one consumer to lose channels one after the other while the others take over what they did. With G the Gram
/// of the fold that is fitted, <c>H = (G + lambda I)^-1</c> over the channels that are left and W their current weights,
/// dropping j costs <c>||W_j||^2 / H_jj</c>, and then
/// <c>W &lt;- W - W_j a^T</c> with <c>a = H_j: / H_jj</c>, <c>H &lt;- H - H_jj a a^T</c>
/// (Shah, Olivier and Raj 2020, with the regression in closed form; the weights stay those of least squares on what is
/// left). Of the weights only <c>M = W^T W</c> is held, however many outputs the consumer has. A step needs one row of H and
/// of M and their diagonals; what it takes off the rest is owed for a block of steps and then paid by products in a chain,
/// so that dropping all C channels costs a third of C^3 for each of three products.
/// </summary>
internal sealed class ConsumerElimination : IDisposable
{
    /// <summary>Rounding that down-dates may add up to, in units of the machine precision, before H is inverted anew.</summary>
    private const double MostGrowth = 1e6;

    /// <summary>Steps that are owed at most: products of that depth are fast, rows are still cheap to bring up to date.</summary>
    private const int BlockSteps = 64;

    private readonly IDenseBackend _backend;
    private readonly IDenseChain _chain;
    private readonly List<OwedStep> _owed = [];
    private readonly ConsumerMoments _moments;
    private readonly Matrix<double> _gram;
    private readonly double _ridge;
    private readonly double _energy;
    private readonly int[] _placeOf;   // by channel of the group, where it is in the matrices; -1 when it is gone
    private int[] _slotAt;             // by place, the consumer's slot
    private bool[] _isLeft;            // by place
    private double[] _inverseDiagonal = [];
    private double[] _weightDiagonal = [];
    private IDenseOperand? _inverse;   // H
    private IDenseOperand? _weights;   // M
    private double _growth;

    /// <summary>Prepares one consumer, with some channels gone from the start.</summary>
    /// <param name="moments">Its moments; not changed.</param>
    /// <param name="groupChannels">Channels of the group; the consumer may read fewer.</param>
    /// <param name="fit">What is fitted to.</param>
    /// <param name="ridge">Lambda, relative to the mean diagonal of G.</param>
    /// <param name="isLeft">Which channels of the group are there.</param>
    /// <param name="backend">Factorises and multiplies.</param>
    public ConsumerElimination(ConsumerMoments moments, int groupChannels, ChannelMoments fit, double ridge, bool[] isLeft, IDenseBackend backend)
    {
        (_moments, _backend, _gram) = (moments, backend, fit.Gram);
        _placeOf = new int[groupChannels];
        Array.Fill(_placeOf, -1);
        _slotAt = [.. Enumerable.Range(0, _gram.Rows).Where(slot => isLeft[moments.Consumer.Channels[slot]])];
        _isLeft = [.. _slotAt.Select(_ => true)];
        _energy = moments.Energy(_gram);
        var trace = Enumerable.Range(0, _gram.Rows).Sum(i => _gram[i, i]);
        // A group of dead channels has a zero Gram: any ridge is as good.
        _ridge = trace > 0 ? ridge * trace / _gram.Rows : 1;
        _chain = backend.OpenChain((double)_gram.Rows * _gram.Rows * BlockSteps);
        Restart();
    }

    /// <summary>Share of the output's energy on the fitted fold that dropping a channel costs now.</summary>
    public double Cost(int channel) =>
        _placeOf[channel] is var j && j >= 0 && _energy > 0 ? _weightDiagonal[j] / _inverseDiagonal[j] / _energy : 0;

    /// <summary>Drops a channel; the others take over.</summary>
    public void Drop(int channel)
    {
        var j = _placeOf[channel];
        if (j < 0)
        {
            return;
        }

        Owe(j);
        (_isLeft[j], _placeOf[channel]) = (false, -1);
        if (!(_growth <= MostGrowth))
        {
            Restart();
        }
        else if (_owed.Count == BlockSteps)
        {
            Pay();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _inverse?.Dispose();
        _weights?.Dispose();
        _chain.Dispose();
    }

    private void Owe(int j)
    {
        var replacement = Row(_inverse!, j, step => (step.Replacement, -step.Pivot * step.Replacement[j]));
        var pivot = replacement[j];
        var weights = Row(_weights!, j, step => (step.Weights, -step.Replacement[j]), step => (step.Replacement, -step.Weights[j]));
        var norm = weights[j];
        double largest = 1;
        for (var c = 0; c < replacement.Length; c++)
        {
            var share = replacement[c] /= pivot;
            if (_isLeft[c] && c != j)
            {
                // What a down-date multiplies rounding by.
                var left = _inverseDiagonal[c] - (pivot * share * share);
                largest = Math.Max(largest, left > 0 ? _inverseDiagonal[c] / left : double.PositiveInfinity);
                _inverseDiagonal[c] = left;
                _weightDiagonal[c] = Math.Max(0, _weightDiagonal[c] - (2 * share * weights[c]) + (share * share * norm));
            }
        }

        _growth += pivot > 0 ? largest : double.PositiveInfinity;
        // M loses a w^T + w a^T with w the row less half its own share of a, which is two terms and not three.
        AddScaled(weights, -norm / 2, replacement);
        _owed.Add(new(pivot, replacement, weights));
    }

    /// <summary>A row with what is owed taken off, and nothing where channels are gone.</summary>
    private double[] Row(IDenseOperand matrix, int j, params ReadOnlySpan<Func<OwedStep, (double[] Row, double Share)>> owed)
    {
        var row = new double[matrix.Columns];
        _chain.ReadRow(matrix, j, row);
        foreach (var step in _owed)
        {
            foreach (var of in owed)
            {
                var (other, share) = of(step);
                AddScaled(row, share, other);
            }
        }

        for (var c = 0; c < row.Length; c++)
        {
            row[c] = _isLeft[c] ? row[c] : 0;
        }

        return row;
    }

    /// <summary>Takes what is owed off the matrices, and what is gone out of them.</summary>
    private void Pay()
    {
        int[] left = [.. Enumerable.Range(0, _isLeft.Length).Where(c => _isLeft[c])];
        if (left.Length > 0)
        {
            using var replacements = Panel(left, step => step.Replacement);
            using var scaled = Panel(left, step => step.Replacement, step => step.Pivot);
            using var weights = Panel(left, step => step.Weights);
            _inverse = Paid(_inverse!, left, (scaled, replacements));
            _weights = Paid(_weights!, left, (replacements, weights), (weights, replacements));
        }

        Keep(left, Array.ConvertAll(left, c => _inverseDiagonal[c]), Array.ConvertAll(left, c => _weightDiagonal[c]));
    }

    private IDenseOperand Panel(int[] left, Func<OwedStep, double[]> rowOf, Func<OwedStep, double>? scale = null)
    {
        var panel = new Matrix<double>(_owed.Count, left.Length);
        for (var i = 0; i < _owed.Count; i++)
        {
            var (source, factor) = (rowOf(_owed[i]), scale?.Invoke(_owed[i]) ?? 1);
            var target = panel.Row(i);
            for (var c = 0; c < left.Length; c++)
            {
                target[c] = factor * source[left[c]];
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

    /// <summary>Everything from the Gram for the channels that are left.</summary>
    private void Restart()
    {
        int[] left = [.. Enumerable.Range(0, _isLeft.Length).Where(c => _isLeft[c])];
        int[] slots = Array.ConvertAll(left, c => _slotAt[c]);
        _growth = 0;
        _inverse?.Dispose();
        _weights?.Dispose();
        if (left.Length == 0)
        {
            (_inverse, _weights) = (null, null);
            Keep(left, [], []);
            return;
        }

        var inverse = Invert(slots);
        var weights = slots.Length == _gram.Rows ? _moments.Target : Weights(Mixing(slots, inverse));
        (_inverse, _weights) = (_chain.Put(inverse), _chain.Put(weights));
        Keep(left, [.. left.Select((_, i) => inverse[i, i])], [.. left.Select((_, i) => weights[i, i])]);
    }

    /// <summary>M for <c>W = W_0 T^T</c> on what is left.</summary>
    private Matrix<double> Weights(Matrix<double> mixing) =>
        _backend.Multiply(_backend.Multiply(mixing, _moments.Target), mixing, Transpose.No, Transpose.Yes);

    /// <summary>The matrices hold these places now, and nothing is owed.</summary>
    private void Keep(int[] left, double[] inverseDiagonal, double[] weightDiagonal)
    {
        _owed.Clear();
        (_inverseDiagonal, _weightDiagonal) = (inverseDiagonal, weightDiagonal);
        _slotAt = Array.ConvertAll(left, c => _slotAt[c]);
        _isLeft = Array.ConvertAll(left, _ => true);
        for (var place = 0; place < left.Length; place++)
        {
            _placeOf[_moments.Consumer.Channels[_slotAt[place]]] = place;
        }
    }

    /// <summary>The inverse over some channels, with the smallest ridge that lets it exist.</summary>
    private Matrix<double> Invert(int[] slots)
    {
        for (var ridge = _ridge; ; ridge *= 10)
        {
            var system = new Matrix<double>(slots.Length, slots.Length);
            for (var i = 0; i < slots.Length; i++)
            {
                for (var k = 0; k < slots.Length; k++)
                {
                    system[i, k] = _gram[slots[i], slots[k]] + (i == k ? ridge : 0);
                }
            }

            try
            {
                return _backend.InvertPositiveDefinite(system);
            }
            catch (NumericException failure) when (failure.Failure == NumericFailure.NotPositiveDefinite && ridge < _ridge / ChannelMixing.SmallestRidge)
            {
                // Float statistics of dependent channels can have eigenvalues below zero.
            }
        }
    }

    /// <summary>T (left x slots): how what is left stands for each channel, the identity on itself.</summary>
    private Matrix<double> Mixing(int[] slots, Matrix<double> inverse)
    {
        var rows = new Matrix<double>(slots.Length, _gram.Columns);
        for (var i = 0; i < slots.Length; i++)
        {
            _gram.Row(slots[i]).CopyTo(rows.Row(i));
        }

        var mixing = _backend.Multiply(inverse, rows);
        for (var i = 0; i < slots.Length; i++)
        {
            for (var k = 0; k < slots.Length; k++)
            {
                mixing[i, slots[k]] = i == k ? 1 : 0;
            }
        }

        return mixing;
    }

    /// <summary>A step whose updates are not in the matrices yet.</summary>
    /// <param name="Pivot">H_jj; H loses <c>H_jj a a^T</c>.</param>
    /// <param name="Replacement">a.</param>
    /// <param name="Weights">w; M loses <c>a w^T + w a^T</c>.</param>
    private sealed record OwedStep(double Pivot, double[] Replacement, double[] Weights);
}
