using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Kernels;

namespace OnnxCompress.Selection;

/// <summary>
/// What channel selection needs to know of one consumer: with Z the values it reads and W its weights, the Gram
/// <c>G = Z^T Z</c> and the target <c>Q = sum over taps of W^T W</c>, both <c>channels x channels</c>. The squared error
/// of replacing Z by Z' is <c>tr(Q (Z - Z')^T (Z - Z'))</c>: exact for Gemm, MatMul and 1x1 convolutions, a surrogate
/// for larger kernels, whose taps interact.
/// </summary>
internal sealed class ConsumerMoments
{
    /// <summary>How many times fewer rows than channels make it worth to keep the weights beside their moments.</summary>
    private const int FewRows = 8;

    private readonly TapStatistics _statistics;
    private readonly bool _centre;

    /// <summary>Reads the moments of one consumer.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="graph">Where its weights are.</param>
    /// <param name="statistics">Where its Gram is.</param>
    /// <param name="backend">Multiplies.</param>
    /// <param name="centre">Whether constants may go into the bias.</param>
    public ConsumerMoments(
        GroupConsumer consumer, ModelGraph graph, CalibrationStatistics statistics, IDenseBackend backend, bool centre)
    {
        Consumer = consumer;
        _statistics = statistics.Of(consumer);
        _centre = centre && CanTakeConstants(consumer, graph);
        Target = new Matrix<double>(consumer.Channels.Length, consumer.Channels.Length);
        var weights = ConsumerWeights.Read(consumer, graph).ToMatrix();
        if ((long)weights.Rows * FewRows > weights.Columns)
        {
            backend.AddGram(weights, Target);
            return;
        }

        // In double, as what is taken off with the factor: what is left where all is explained has to be nothing.
        Factor = new Matrix<double>(weights.Rows, weights.Columns, Array.ConvertAll(weights.Values.ToArray(), v => (double)v));
        backend.AddGram(Factor, Target);
    }

    /// <summary>The consumer.</summary>
    public GroupConsumer Consumer { get; }

    /// <summary>Rows of the statistics.</summary>
    public long Rows => _statistics.Rows;

    /// <summary>Q.</summary>
    public Matrix<double> Target { get; }

    /// <summary>W where it has few rows (outputs, taps and positions): <c>Q = W^T W</c>; else null.</summary>
    public Matrix<double>? Factor { get; }

    /// <summary>G and means of the fold that choices are made on.</summary>
    public ChannelMoments Fit() => ChannelMoments.Of(_statistics.Fit, MeansOf(_statistics.Fit));

    /// <summary>G of the fold that choices are judged on, about the means of the other; null when it has no rows.</summary>
    public ChannelMoments? Check() =>
        _statistics.Check.Rows > 0 ? ChannelMoments.Of(_statistics.Check, MeansOf(_statistics.Fit)) : null;

    /// <summary>G and means of all data, for the final solution.</summary>
    public ChannelMoments Total()
    {
        var total = _statistics.Total();
        return ChannelMoments.Of(total, MeansOf(total));
    }

    /// <summary>tr(Q G): the squared norm of the layer's output, less its mean where the bias can take it up.</summary>
    public double Energy(Matrix<double> gram) => Vectors.Dot(gram.Values, Target.Values);

    /// <summary>A constant is folded only where it is exact (no zero padding) and where the bias is the layer's own, or it has none.</summary>
    private static bool CanTakeConstants(GroupConsumer consumer, ModelGraph graph) =>
        consumer.Layer is var layer && consumer.Uses.All(use => use.PassesConstants) && (layer.Bias is { } bias
            ? !graph.IsInput(bias) && graph.Uses(bias).Count == consumer.Sharers.Count + 1 && consumer.Sharers.All(l => l.Bias == bias)
            // One can be made.
            : consumer.Sharers.Count == 0 && layer.Map is { TakesBiasInput: true, BiasInput: null, Scales: false });

    private double[]? MeansOf(ChannelStatistics statistics) =>
        _centre ? [.. statistics.Sums.Select(s => s / Math.Max(1, statistics.Rows))] : null;
}
