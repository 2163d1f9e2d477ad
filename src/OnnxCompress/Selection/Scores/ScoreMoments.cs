using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Models;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Scores;

/// <summary>
/// Moments of queries and keys from those of what their layers read, with biases as a column of ones of that and a row of the weight.
/// Sums over all pairs of a query and a key stand for those that meet, which are fewer.
/// </summary>
/// <param name="product">The product of queries and keys.</param>
/// <param name="graph">Where weights are, as in the original.</param>
/// <param name="shapes">Shapes of the original.</param>
/// <param name="backend">Multiplies.</param>
internal sealed class ScoreMoments(ScoreProduct product, ModelGraph graph, TensorShapes shapes, IDenseBackend backend)
{
    /// <summary>Of white inputs in those of the data: directions that few rows do not show are not given away.</summary>
    private const double White = 1e-6;

    private readonly int _size = product.Columns.Length;

    /// <summary>Where statistics are taken.</summary>
    public static IEnumerable<ChannelTap> Taps(ModelAnalysis analysis) => analysis.Scores.SelectMany(g => Taps(g.Scores!, analysis.Relations.Shapes));

    /// <summary>Statistics of what makes queries and keys; null where there are none of the one or the other.</summary>
    public (TapStatistics Queries, TapStatistics Keys)? Find(CalibrationStatistics statistics) =>
        statistics.Find(ChannelTap.OfInput(product.Queries.Layer, shapes)) is { Rows: > 0 } queries && statistics.Find(ChannelTap.OfInput(product.Keys.Layer, shapes)) is { Rows: > 0 } keys
            ? (queries, keys)
            : null;

    /// <summary>Moments of each head of keys and of the queries that meet it.</summary>
    /// <param name="queries">What the layer of queries reads.</param>
    /// <param name="keys">What the layer of keys reads.</param>
    public HeadMoments[] Of(ChannelStatistics queries, ChannelStatistics keys)
    {
        var (ofQueries, ofKeys) = (Grams(product.Queries, queries, aboutMeans: false), Grams(product.Keys, keys, product.TakesAnyShift));
        return [.. product.Heads.Select(head => new HeadMoments(Sum(head.Queries.Select(q => ofQueries[q])), ofKeys[head.Key]))];
    }

    private static IEnumerable<ChannelTap> Taps(ScoreProduct product, TensorShapes shapes) =>
        new[] { ChannelTap.OfInput(product.Queries.Layer, shapes), ChannelTap.OfInput(product.Keys.Layer, shapes) }.OfType<ChannelTap>();

    /// <summary>By head <c>W^T S^T S W / rows</c>, the bias included, or about the means: those add one number to all scores of a query.</summary>
    private Matrix<double>[] Grams(ScoreOperand operand, ChannelStatistics statistics, bool aboutMeans)
    {
        var (inputs, rows) = (statistics.Channels, (double)Math.Max(1, statistics.Rows));
        var means = statistics.Sums.Select(s => s / rows).ToArray();
        var moments = ChannelMoments.Of(statistics, aboutMeans ? means : null).Gram;
        double trace = 0;
        for (var i = 0; i < inputs; i++)
        {
            trace += moments[i, i];
        }

        for (var i = 0; i < moments.Values.Length; i++)
        {
            moments.Values[i] /= rows;
        }

        for (var i = 0; i < inputs; i++)
        {
            moments[i, i] += White * trace / rows / inputs;
        }

        var weight = operand.Layer.Map.Read(graph);
        var biases = operand.Biases.Select(b => (Values: graph.Constant(b.Constant)!.ReadFloats(), b.Places)).ToArray();
        var grams = new Matrix<double>[operand.Places.Length / _size];
        for (var head = 0; head < grams.Length; head++)
        {
            var part = new Matrix<double>(_size, inputs);
            var places = ScoreOperand.OfHead(operand.Places, head, _size);
            for (var c = 0; c < _size; c++)
            {
                weight.Row(places[c]).CopyTo(part.Row(c));
            }

            var gram = backend.Multiply(part, backend.Multiply(part, moments, Transpose.No), Transpose.No, Transpose.Yes);
            if (!aboutMeans)
            {
                AddBias(gram, part, means, [.. Enumerable.Range(0, _size).Select(c => biases.Sum(b => (double)b.Values[b.Places[(head * _size) + c]]))]);
            }

            grams[head] = gram;
        }

        return grams;
    }

    private static void AddBias(Matrix<double> gram, Matrix<double> weight, double[] means, double[] bias)
    {
        var made = new double[bias.Length];
        for (var c = 0; c < bias.Length; c++)
        {
            var row = weight.Row(c);
            for (var i = 0; i < means.Length; i++)
            {
                made[c] += row[i] * means[i];
            }
        }

        for (var c = 0; c < bias.Length; c++)
        {
            for (var d = 0; d < bias.Length; d++)
            {
                gram[c, d] += (made[c] * bias[d]) + (bias[c] * made[d]) + (bias[c] * bias[d]);
            }
        }
    }

    private static Matrix<double> Sum(IEnumerable<Matrix<double>> grams)
    {
        Matrix<double>? sum = null;
        foreach (var gram in grams)
        {
            if (sum is null)
            {
                sum = gram.Clone();
                continue;
            }

            for (var i = 0; i < gram.Values.Length; i++)
            {
                sum.Values[i] += gram.Values[i];
            }
        }

        return sum!;
    }
}
