using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection;

/// <summary>
/// What channel selection needs to know of one consumer: with Z the values it reads and W its weights, the Gram
/// <c>G = Z^T Z</c> and the target <c>Q = sum over taps of W^T W</c>, both <c>channels x channels</c>. The squared error
/// of replacing Z by Z' is <c>tr(Q (Z - Z')^T (Z - Z'))</c>: exact for Gemm, MatMul and 1x1 convolutions, a surrogate
/// for larger kernels, whose taps interact.
/// </summary>
internal sealed class ConsumerMoments
{
    private ConsumerMoments(GroupConsumer consumer, Matrix<double> gram, Matrix<double> target, double[]? means) =>
        (Consumer, Gram, Target, Means) = (consumer, gram, target, means);

    /// <summary>The consumer.</summary>
    public GroupConsumer Consumer { get; }

    /// <summary>G; of values less their means when <see cref="Means"/> is set.</summary>
    public Matrix<double> Gram { get; }

    /// <summary>Q.</summary>
    public Matrix<double> Target { get; }

    /// <summary>Mean of each channel when the layer's bias can take up constants; else null.</summary>
    public double[]? Means { get; }

    /// <summary>tr(Q G): the squared norm of the layer's output on the calibration rows.</summary>
    public double Energy
    {
        get
        {
            double energy = 0;
            for (var i = 0; i < Gram.Rows; i++)
            {
                for (var j = 0; j < Gram.Columns; j++)
                {
                    energy += Gram[i, j] * Target[j, i];
                }
            }

            return energy;
        }
    }

    /// <summary>Reads the moments of one consumer.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="graph">Where its weights are.</param>
    /// <param name="statistics">Where its Gram is.</param>
    /// <param name="backend">Multiplies.</param>
    /// <param name="centre">Whether constants may go into the bias.</param>
    public static ConsumerMoments Of(
        GroupConsumer consumer, ModelGraph graph, CalibrationStatistics statistics, IDenseBackend backend, bool centre)
    {
        var channels = consumer.Channels.Length;
        var tap = statistics.Of(ChannelTap.Of(consumer));
        var gram = new Matrix<double>(channels, channels, [.. tap.Gram]);
        var target = new Matrix<double>(channels, channels);
        backend.AddGram(ConsumerWeights.Read(consumer, graph).ToMatrix(), target);
        double[]? means = null;
        if (centre && CanTakeConstants(consumer.Layer, graph))
        {
            means = [.. tap.Sums.Select(s => s / tap.Rows)];
            for (var i = 0; i < channels; i++)
            {
                for (var j = 0; j < channels; j++)
                {
                    gram[i, j] -= tap.Sums[i] * means[j];
                }
            }
        }

        return new ConsumerMoments(consumer, gram, target, means);
    }

    /// <summary>A constant is folded only where it is exact (no zero padding) and where the bias is the layer's own.</summary>
    private static bool CanTakeConstants(LinearLayer layer, ModelGraph graph) =>
        layer is { PassesConstants: true, Bias: { } bias } && graph.Uses(bias).Count == 1 && !graph.IsInput(bias);
}
