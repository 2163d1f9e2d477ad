using System.Numerics;
using System.Runtime.InteropServices;
using OnnxCompress.Dependencies;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// Forward greedy column selection from Gram matrices. Each step keeps one more channel and deflates every consumer's
/// Gram by what that channel explains, <c>G - g g^T / G_jj</c>: the steps of a pivoted Cholesky factorisation, so that
/// the residual after k steps is that of the best combination of the k channels.
/// </summary>
internal sealed class GreedySelection
{
    /// <summary>A residual diagonal below this share of the original one is rounding, not information.</summary>
    private const double ExplainedShare = 1e-12;

    private readonly ChannelGroup _group;
    private readonly Residual[] _residuals;

    /// <summary>Prepares a selection.</summary>
    /// <param name="group">The channels.</param>
    /// <param name="consumers">One entry for each of the group's consumers; not changed.</param>
    public GreedySelection(ChannelGroup group, IReadOnlyList<ConsumerMoments> consumers)
    {
        _group = group;
        _residuals = [.. consumers.Select(c => new Residual(c, group.Channels))];
    }

    /// <summary>Orders all channels.</summary>
    /// <param name="rule">
    /// <see cref="ChannelSelection.Target"/>: the channel whose removal of residual lowers the consumers' output error
    /// most, <c>sum over consumers of (g^T Q g) / G_jj</c>, each relative to its output's energy.
    /// <see cref="ChannelSelection.PivotedQr"/>: the largest residual diagonal (Chee et al. 2022; column-pivoted QR).
    /// </param>
    /// <param name="cancellation">Stops between steps.</param>
    public ChannelCurve Run(ChannelSelection rule, CancellationToken cancellation)
    {
        var channels = _group.Channels;
        var order = new int[channels];
        var errors = new double[channels + 1];
        var isTaken = new bool[channels];
        errors[0] = Error();
        for (var k = 0; k < channels; k++)
        {
            cancellation.ThrowIfCancellationRequested();
            var next = Next(rule, isTaken);
            isTaken[next] = true;
            order[k] = next;
            foreach (var residual in _residuals)
            {
                residual.Take(next);
            }

            errors[k + 1] = Math.Min(errors[k], Error());
        }

        return new ChannelCurve(order, errors);
    }

    private int Next(ChannelSelection rule, bool[] isTaken)
    {
        var best = -1;
        var bestScore = double.NegativeInfinity;
        // Channels that must stay come first: what they explain is free.
        var mustStay = Enumerable.Range(0, isTaken.Length).Any(i => !isTaken[i] && !_group.IsFree[i]);
        for (var channel = 0; channel < isTaken.Length; channel++)
        {
            if (isTaken[channel] || (mustStay && _group.IsFree[channel]))
            {
                continue;
            }

            double score = 0;
            foreach (var residual in _residuals)
            {
                score += rule == ChannelSelection.Target ? residual.TargetScore(channel) : residual.NormScore(channel);
            }

            if (score > bestScore)
            {
                (best, bestScore) = (channel, score);
            }
        }

        return best;
    }

    private double Error() => Math.Sqrt(_residuals.Average(r => r.SquaredError));

    /// <summary>What one consumer has left to explain.</summary>
    private sealed class Residual
    {
        private readonly int _channels;
        private readonly int[] _local;
        private readonly double[] _gram;
        private readonly double[] _targetGram;
        private readonly double[] _scores;
        private readonly double[] _original;
        private readonly double[] _column;
        private readonly double[] _response;
        private readonly double _energy;
        private readonly double _trace;
        private double _left;

        public Residual(ConsumerMoments moments, int groupChannels)
        {
            _channels = moments.Gram.Rows;
            _local = new int[groupChannels];
            Array.Fill(_local, -1);
            for (var i = 0; i < _channels; i++)
            {
                _local[moments.Consumer.Channels[i]] = i;
            }

            _gram = moments.Gram.Values.ToArray();
            _targetGram = Multiply(moments.Target.Values, _gram, _channels);
            _scores = new double[_channels];
            _original = new double[_channels];
            for (var j = 0; j < _channels; j++)
            {
                _original[j] = _gram[(j * _channels) + j];
                // (G Q G)_jj: row j of G (its column too) with column j of Q G.
                for (var i = 0; i < _channels; i++)
                {
                    _scores[j] += _gram[(j * _channels) + i] * _targetGram[(i * _channels) + j];
                }
            }

            _column = new double[_channels];
            _response = new double[_channels];
            _energy = moments.Energy;
            _trace = _original.Sum();
            _left = _energy;
        }

        public double SquaredError => _energy > 0 ? Math.Max(_left, 0) / _energy : 0;

        public double TargetScore(int channel) =>
            _local[channel] is var j && j >= 0 && IsUnexplained(j) && _energy > 0 ? _scores[j] / _gram[(j * _channels) + j] / _energy : 0;

        public double NormScore(int channel) =>
            _local[channel] is var j && j >= 0 && _trace > 0 ? _gram[(j * _channels) + j] / _trace : 0;

        /// <summary>Deflates by one channel: O(channels^2), rows in the order they lie in memory.</summary>
        public void Take(int channel)
        {
            var pivot = _local[channel];
            if (pivot < 0 || !IsUnexplained(pivot))
            {
                return;
            }

            var diagonal = _gram[(pivot * _channels) + pivot];
            _gram.AsSpan(pivot * _channels, _channels).CopyTo(_column);
            for (var i = 0; i < _channels; i++)
            {
                _response[i] = _targetGram[(i * _channels) + pivot];
            }

            var gain = Dot(_column, _response) / diagonal;
            for (var j = 0; j < _channels; j++)
            {
                var row = _gram.AsSpan(j * _channels, _channels);
                // diag(G' Q G') for G' = G - g g^T / d, from the old G: h_j - 2 g_j (G Q g)_j / d + g_j^2 (g^T Q g) / d^2.
                var share = _column[j] / diagonal;
                _scores[j] = Math.Max(0, _scores[j] - (2 * share * Dot(row, _response)) + (share * share * gain * diagonal));
                Subtract(row, share, _column);
                Subtract(_targetGram.AsSpan(j * _channels, _channels), _response[j] / diagonal, _column);
            }

            _left -= gain;
        }

        private static double[] Multiply(ReadOnlySpan<double> a, double[] b, int n)
        {
            var product = new double[n * n];
            for (var i = 0; i < n; i++)
            {
                for (var k = 0; k < n; k++)
                {
                    Subtract(product.AsSpan(i * n, n), -a[(i * n) + k], b.AsSpan(k * n, n));
                }
            }

            return product;
        }

        private static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
        {
            var lanes = Vector<double>.Zero;
            var i = 0;
            for (; i <= a.Length - Vector<double>.Count; i += Vector<double>.Count)
            {
                lanes += new Vector<double>(a[i..]) * new Vector<double>(b[i..]);
            }

            var sum = Vector.Sum(lanes);
            for (; i < a.Length; i++)
            {
                sum += a[i] * b[i];
            }

            return sum;
        }

        /// <summary>target -= factor * column.</summary>
        private static void Subtract(Span<double> target, double factor, ReadOnlySpan<double> column)
        {
            var targetLanes = MemoryMarshal.Cast<double, Vector<double>>(target);
            var columnLanes = MemoryMarshal.Cast<double, Vector<double>>(column);
            var factors = new Vector<double>(factor);
            for (var i = 0; i < targetLanes.Length; i++)
            {
                targetLanes[i] -= factors * columnLanes[i];
            }

            for (var i = targetLanes.Length * Vector<double>.Count; i < target.Length; i++)
            {
                target[i] -= factor * column[i];
            }
        }

        private bool IsUnexplained(int j) => _gram[(j * _channels) + j] > ExplainedShare * _original[j];
    }
}
