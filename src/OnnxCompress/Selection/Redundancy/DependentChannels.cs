using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Redundancy;

/// <summary>
/// Channels that the others explain to the last digit that float statistics resolve, found by pivoted Cholesky: there the
/// Gram has no inverse, and elimination by its inverse could not say which of two twins goes.
/// </summary>
internal static class DependentChannels
{
    /// <summary>
    /// Squared share of a channel that the pivots leave unexplained. Grams of float activations carry a relative noise of
    /// a few 1e-7 of the diagonal.
    /// </summary>
    private const double Tolerance = 1e-6;

    /// <summary>Channels of a group that depend on the rest in every consumer, by the same coefficients.</summary>
    /// <param name="group">The channels; those that must stay are not listed.</param>
    /// <param name="consumers">What each consumer reads, with its Gram.</param>
    /// <param name="backend">Factorises.</param>
    public static int[] Find(ChannelGroup group, IReadOnlyList<(GroupConsumer Consumer, Matrix<double> Gram)> consumers, IDenseBackend backend)
    {
        var gram = Stack(group, consumers);
        var scales = Enumerable.Range(0, group.Channels).Select(c => gram[c, c] > 0 ? 1 / Math.Sqrt(gram[c, c]) : 0).ToArray();
        for (var i = 0; i < group.Channels; i++)
        {
            for (var j = 0; j < group.Channels; j++)
            {
                gram[i, j] *= scales[i] * scales[j];
            }
        }

        var pivots = backend.PivotedCholesky(gram, relativeTolerance: Tolerance).Pivots.ToHashSet();
        return [.. Enumerable.Range(0, group.Channels).Where(c => group.IsFree[c] && !pivots.Contains(c))];
    }

    /// <summary>The Gram of all taps under each other, each with the same energy.</summary>
    private static Matrix<double> Stack(ChannelGroup group, IReadOnlyList<(GroupConsumer Consumer, Matrix<double> Gram)> consumers)
    {
        var stacked = new Matrix<double>(group.Channels, group.Channels);
        foreach (var (consumer, gram) in consumers)
        {
            var trace = Enumerable.Range(0, gram.Rows).Sum(i => gram[i, i]);
            for (var i = 0; i < gram.Rows && trace > 0; i++)
            {
                for (var j = 0; j < gram.Columns; j++)
                {
                    stacked[consumer.Channels[i], consumer.Channels[j]] += gram[i, j] / trace;
                }
            }
        }

        return stacked;
    }
}
