using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.Scores;

namespace OnnxCompress.Rewriting;

/// <summary>
/// Brings the layers that make queries and keys to the basis in which directions go from the last on: weights and biases. Scores stay
/// what they were until some go.
/// </summary>
/// <param name="analysis">Analysis of the original model.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
internal sealed class ScoreTurns(ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend)
{
    /// <summary>Turns weights and biases.</summary>
    /// <param name="plan">Which attentions lose directions.</param>
    /// <param name="original">Where weights are as the statistics know them.</param>
    /// <param name="result">Where they are written.</param>
    /// <returns>By the output of each layer, what it is multiplied with.</returns>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX6001: there are no statistics of what makes queries or keys.</exception>
    public IReadOnlyDictionary<string, LayerTurn> Apply(PlacedPlan plan, ModelGraph original, ModelGraph result)
    {
        var parts = Parts(plan, original).ToArray();
        var turns = new Dictionary<string, LayerTurn>(StringComparer.Ordinal);
        foreach (var layer in parts.GroupBy(p => p.Operand.Layer.Output, StringComparer.Ordinal))
        {
            var map = layer.First().Operand.Layer.Map;
            var weight = map.Read(result);
            turns[layer.Key] = new LayerTurn([.. layer.SelectMany(p => Turns(p.Operand.Places, p.Bases))]);
            turns[layer.Key].ApplyToRows(weight);
            var constant = result.Constant(map.Weight)!;
            var values = constant.ReadFloats();
            map.Layout.Write(weight, values, 0);
            constant.Write([.. constant.Dims], values);
        }

        foreach (var bias in parts.SelectMany(p => p.Operand.Biases.Select(b => (b.Constant, b.Places, p.Bases))).GroupBy(b => b.Constant, StringComparer.Ordinal))
        {
            var constant = result.Constant(bias.Key)!;
            constant.Write([.. constant.Dims], new LayerTurn([.. bias.SelectMany(b => Turns(b.Places, b.Bases))]).Of(constant.ReadFloats()));
        }

        return turns;
    }

    private static IEnumerable<HeadTurn> Turns(int[] places, Matrix<double>[] bases) =>
        bases.Select((basis, head) => new HeadTurn(ScoreOperand.OfHead(places, head, basis.Rows), basis));

    /// <summary>Queries and keys of every attention that loses directions, with the basis of each of their heads.</summary>
    private IEnumerable<(ScoreOperand Operand, Matrix<double>[] Bases)> Parts(PlacedPlan plan, ModelGraph original)
    {
        foreach (var (site, group) in plan.Channels)
        {
            if (group.Scores is not { } product)
            {
                continue;
            }

            var moments = new ScoreMoments(product, original, analysis.Relations.Shapes, backend);
            var (queries, keys) = moments.Find(statistics) ?? throw PlacedPlan.Mismatch(site, "there are no statistics of what makes them");
            var of = moments.Of(queries.Total(), keys.Total());
            var size = product.Columns.Length;
            var ofQueries = new Matrix<double>[product.Queries.Places.Length / size];
            var ofKeys = new Matrix<double>[product.Keys.Places.Length / size];
            for (var i = 0; i < of.Length; i++)
            {
                var basis = ScoreBasis.Of(of[i], backend);
                ofKeys[product.Heads[i].Key] = basis.Keys;
                foreach (var head in product.Heads[i].Queries)
                {
                    ofQueries[head] = basis.Queries;
                }
            }

            yield return (product.Queries, ofQueries);
            yield return (product.Keys, ofKeys);
        }
    }
}
