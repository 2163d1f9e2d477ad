using OnnxCompress.Numerics;
using OnnxCompress.Selection.Interpolative;
using static OnnxCompress.Numerics.Kernels.Vectors;

namespace OnnxCompress.Selection.Redundancy;

/// <summary>
/// What one consumer loses while channels go one after the other and the others take over what they did. With G the Gram
/// of the fold that is fitted, <c>H = (G + lambda I)^-1</c> over the channels that are left and W their current weights,
/// dropping j costs <c>||W_j||^2 / H_jj</c>, and then
/// <c>W &lt;- W - W_j a^T</c> with <c>a = H_j: / H_jj</c>, <c>H &lt;- H - H_:j a^T</c>
/// (Shah, Olivier and Raj 2020, with the regression in closed form; the weights stay those of least squares on what is
/// left). Only second moments of weights are held, <c>W^T W</c> and <c>D^T W</c> with D what the new weights lack, so a
/// step costs O(channels^2) however many outputs the consumer has.
/// </summary>
internal sealed class ConsumerElimination
{
    /// <summary>Rounding that down-dates may add up to, in units of the machine precision, before H is inverted anew.</summary>
    private const double MostGrowth = 1e6;

    private readonly IDenseBackend _backend;
    private readonly ConsumerMoments _moments;
    private readonly Matrix<double> _gram;
    private readonly Matrix<double> _judged;
    private readonly double _ridge;
    private readonly int _channels;
    private readonly int[] _slotOf;
    private readonly bool[] _isLeft;
    private readonly double _fittedEnergy;
    private readonly double _judgedEnergy;
    private readonly double[] _replacement;
    private readonly double[] _response;
    private Matrix<double> _inverse;
    private Matrix<double> _weights;
    private Matrix<double> _lacking;
    private double _error;
    private double _growth;

    /// <summary>Prepares one consumer, with some channels gone from the start.</summary>
    /// <param name="moments">Its moments; not changed.</param>
    /// <param name="groupChannels">Channels of the group; the consumer may read fewer.</param>
    /// <param name="fit">What is fitted to.</param>
    /// <param name="judged">What it is judged on.</param>
    /// <param name="ridge">Lambda, relative to the mean diagonal of G.</param>
    /// <param name="isLeft">Which channels of the group are there.</param>
    /// <param name="backend">Factorises.</param>
    public ConsumerElimination(
        ConsumerMoments moments, int groupChannels, ChannelMoments fit, ChannelMoments judged, double ridge, bool[] isLeft, IDenseBackend backend)
    {
        (_moments, _backend, _gram, _judged, _channels) = (moments, backend, fit.Gram, judged.Gram, fit.Gram.Rows);
        _slotOf = new int[groupChannels];
        Array.Fill(_slotOf, -1);
        _isLeft = new bool[_channels];
        for (var slot = 0; slot < _channels; slot++)
        {
            _slotOf[moments.Consumer.Channels[slot]] = slot;
            _isLeft[slot] = isLeft[moments.Consumer.Channels[slot]];
        }

        (_fittedEnergy, _judgedEnergy) = (moments.Energy(fit.Gram), moments.Energy(judged.Gram));
        var trace = Enumerable.Range(0, _channels).Sum(i => _gram[i, i]);
        // A group of dead channels has a zero Gram: any ridge is as good.
        _ridge = trace > 0 ? ridge * trace / _channels : 1;
        (_replacement, _response) = (new double[_channels], new double[_channels]);
        (_inverse, _weights, _lacking) = (new(0, 0), new(0, 0), new(0, 0));
        Restart();
    }

    /// <summary>Squared relative error of the consumer's output on the judged fold without the channels that went.</summary>
    public double SquaredError => _judgedEnergy > 0 ? Math.Max(_error, 0) / _judgedEnergy : 0;

    /// <summary>Share of the output's energy on the fitted fold that dropping a channel costs now.</summary>
    public double Cost(int channel) => _slotOf[channel] is var j && j >= 0 && _isLeft[j] && _fittedEnergy > 0
        ? _weights[j, j] / _inverse[j, j] / _fittedEnergy
        : 0;

    /// <summary>Drops a channel; the others take over.</summary>
    public void Drop(int channel)
    {
        var j = _slotOf[channel];
        if (j < 0 || !_isLeft[j])
        {
            return;
        }

        var pivot = _inverse[j, j];
        for (var c = 0; c < _channels; c++)
        {
            _replacement[c] = _inverse[j, c] / pivot;
        }

        Account(j);
        UpdateWeights(j);
        _growth += Growth(j);
        InverseDowndate.RemoveVariable(_inverse, j);
        _isLeft[j] = false;
        if (_growth > MostGrowth)
        {
            Restart();
        }
    }

    /// <summary>tr(D R D^T) for D + W_j a^T.</summary>
    private void Account(int j)
    {
        for (var c = 0; c < _channels; c++)
        {
            _response[c] = Dot(_judged.Row(c), _replacement);
        }

        double crossed = 0;
        for (var c = 0; c < _channels; c++)
        {
            crossed += _response[c] * _lacking[c, j];
        }

        _error += (2 * crossed) + (_weights[j, j] * Dot(_response, _replacement));
    }

    /// <summary>W^T W and D^T W for W - W_j a^T and D + W_j a^T.</summary>
    private void UpdateWeights(int j)
    {
        double[] row = [.. _weights.Row(j)];
        var norm = row[j];
        for (var c = 0; c < _channels; c++)
        {
            var lacking = _lacking.Row(c);
            var share = _replacement[c];
            AddScaled(lacking, -(lacking[j] + (share * norm)), _replacement);
            AddScaled(lacking, share, row);
            lacking[j] = 0;
            if (_isLeft[c])
            {
                var weights = _weights.Row(c);
                AddScaled(weights, (share * norm) - row[c], _replacement);
                AddScaled(weights, -share, row);
                weights[j] = 0;
            }
        }

        _weights.Row(j).Clear();
    }

    /// <summary>The largest H_ii / (H_ii - H_ij^2 / H_jj): what a down-date multiplies rounding by.</summary>
    private double Growth(int j)
    {
        double largest = 1;
        for (var c = 0; c < _channels; c++)
        {
            if (_isLeft[c] && c != j)
            {
                var left = _inverse[c, c] - (_inverse[c, j] * _replacement[c]);
                largest = Math.Max(largest, left > 0 ? _inverse[c, c] / left : double.PositiveInfinity);
            }
        }

        return largest;
    }

    /// <summary>Everything from the Gram for the channels that are left.</summary>
    private void Restart()
    {
        _growth = 0;
        int[] left = [.. Enumerable.Range(0, _channels).Where(c => _isLeft[c])];
        var inverse = left.Length == 0 ? new Matrix<double>(0, 0) : Invert(left);
        var mixing = Mixing(left, inverse);
        _inverse = new Matrix<double>(_channels, _channels);
        for (var i = 0; i < left.Length; i++)
        {
            for (var k = 0; k < left.Length; k++)
            {
                _inverse[left[i], left[k]] = inverse[i, k];
            }
        }

        // W = W_0 T^T on what is left; K = I - T^T E, with E the selection, gives D = W_0 K.
        var missing = Matrix<double>.Identity(_channels);
        var spread = new Matrix<double>(_channels, _channels);
        for (var k = 0; k < left.Length; k++)
        {
            for (var c = 0; c < _channels; c++)
            {
                spread[c, left[k]] = mixing[k, c];
                missing[c, left[k]] -= mixing[k, c];
            }
        }

        var newWeights = _backend.Multiply(_moments.Target, spread);
        var lacking = _backend.Multiply(_moments.Target, missing);
        _weights = _backend.Multiply(spread, newWeights, Transpose.Yes);
        _lacking = _backend.Multiply(missing, newWeights, Transpose.Yes);
        var judged = _backend.Multiply(missing, _judged);
        _error = 0;
        for (var c = 0; c < _channels; c++)
        {
            _error += Dot(lacking.Row(c), judged.Row(c));
        }
    }

    /// <summary>The inverse over some channels, with the smallest ridge that lets it exist.</summary>
    private Matrix<double> Invert(int[] left)
    {
        for (var ridge = _ridge; ; ridge *= 10)
        {
            var system = new Matrix<double>(left.Length, left.Length);
            for (var i = 0; i < left.Length; i++)
            {
                for (var k = 0; k < left.Length; k++)
                {
                    system[i, k] = _gram[left[i], left[k]] + (i == k ? ridge : 0);
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

    /// <summary>T (left x channels): how what is left stands for each channel, the identity on itself.</summary>
    private Matrix<double> Mixing(int[] left, Matrix<double> inverse)
    {
        var rows = new Matrix<double>(left.Length, _channels);
        for (var i = 0; i < left.Length; i++)
        {
            _gram.Row(left[i]).CopyTo(rows.Row(i));
        }

        var mixing = _backend.Multiply(inverse, rows);
        for (var i = 0; i < left.Length; i++)
        {
            for (var k = 0; k < left.Length; k++)
            {
                mixing[i, left[k]] = i == k ? 1 : 0;
            }
        }

        return mixing;
    }
}
