using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Coreset;

/// <summary>
/// How much each channel of a group can matter to any output that reads it: <c>s_i(j) = |w_ij| phi(|p_j| b) / D_i</c> with
/// <c>D_i = sum_q |w_iq| phi(|p_q| b)</c>, and <c>s(j) = max_i s_i(j)</c>, so that all consumers share one sample
/// (Mussay et al. 2020, structured coresets). Where a kernel or a flattened block has several weights for one channel,
/// |w_ij| is their sum: each meets a value within the same bound.
/// </summary>
internal sealed class ChannelSensitivities
{
    private ChannelSensitivities(double[] values, double[] energies) => (Values, Energies) = (values, energies);

    /// <summary>s(j) for each channel of the group; 0 for those that must stay, which are never sampled.</summary>
    public double[] Values { get; }

    /// <summary>
    /// Share of the consumers' output energy that comes from each channel if channels were independent and as large as
    /// their bounds: what the error of a sample is weighed with when there are no data.
    /// </summary>
    public double[] Energies { get; }

    /// <summary>t, the sum of the sensitivities.</summary>
    public double Total => Values.Sum();

    /// <summary>Computes the sensitivities of a group.</summary>
    /// <param name="group">The channels.</param>
    /// <param name="graph">Where the consumers' weights are.</param>
    /// <param name="bounds">How large the channels can be.</param>
    /// <param name="backend">Takes the shares.</param>
    /// <param name="normalised">False leaves out D_i, as the released code does: outputs with large weights then rule.</param>
    public static ChannelSensitivities Of(ChannelGroup group, ModelGraph graph, ChannelBounds bounds, IDenseBackend backend, bool normalised = true)
    {
        var values = new double[group.Channels];
        var energies = new double[group.Channels];
        foreach (var consumer in group.ConsumerLayers)
        {
            var magnitudes = ConsumerWeights.Read(consumer, graph).MagnitudesByOutput();
            var bound = bounds.Of(consumer, group);
            var energy = new double[bound.Length];
            for (var output = 0; output < magnitudes.Rows; output++)
            {
                var row = magnitudes.Row(output);
                for (var c = 0; c < bound.Length; c++)
                {
                    row[c] = group.IsFree[consumer.Channels[c]] ? row[c] * bound[c] : 0;
                    energy[c] += row[c] * row[c];
                }
            }

            var largest = normalised ? Shares(magnitudes, backend) : Largest(magnitudes);
            for (var c = 0; c < bound.Length; c++)
            {
                values[consumer.Channels[c]] = Math.Max(values[consumer.Channels[c]], largest[c]);
            }

            var total = energy.Sum();
            for (var c = 0; c < bound.Length && total > 0; c++)
            {
                energies[consumer.Channels[c]] += energy[c] / total / group.ConsumerLayers.Count;
            }
        }

        return new ChannelSensitivities(values, energies);
    }

    private static double[] Shares(Matrix<double> magnitudes, IDenseBackend backend)
    {
        var shares = new double[magnitudes.Columns];
        backend.LargestShares(magnitudes, shares);
        return shares;
    }

    private static double[] Largest(Matrix<double> magnitudes)
    {
        var largest = new double[magnitudes.Columns];
        for (var output = 0; output < magnitudes.Rows; output++)
        {
            var row = magnitudes.Row(output);
            for (var c = 0; c < row.Length; c++)
            {
                largest[c] = Math.Max(largest[c], row[c]);
            }
        }

        return largest;
    }
}
