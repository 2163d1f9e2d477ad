using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Selection;

namespace OnnxCompress.Benchmarks.Pipeline;

/// <summary>What most tools do before they fine-tune: the channels with the largest filters stay and nothing is corrected.</summary>
internal static class MagnitudePlan
{
    /// <summary>As many channels of each segment as another plan keeps.</summary>
    public static ChannelPlan Like(ModelAnalysis analysis, ChannelPlan plan)
    {
        var group = analysis.Groups.Single(g => g.Name == plan.Site);
        var norms = Norms(analysis, group);
        return Of(plan.Site, group, [.. group.Segments.SelectMany(s => s.OrderByDescending(c => norms[c]).Take(s.Count(plan.Kept.Contains)))]);
    }

    /// <summary>A number of channels of a group.</summary>
    public static ChannelPlan Of(ModelAnalysis analysis, ChannelGroup group, int width)
    {
        var norms = Norms(analysis, group);
        return Of(group.Name, group, [.. Enumerable.Range(0, group.Channels).OrderBy(c => group.IsFree[c]).ThenByDescending(c => norms[c]).Take(width)]);
    }

    private static ChannelPlan Of(string site, ChannelGroup group, int[] kept) =>
        new(site, CompressionMethod.Interpolative, [.. kept.Order()], group.Channels, double.NaN, 0) { Factors = [.. kept.Select(_ => 1.0)] };

    private static double[] Norms(ModelAnalysis analysis, ChannelGroup group)
    {
        var relations = analysis.Relations;
        var norms = new double[group.Channels];
        foreach (var layer in relations.Layers)
        {
            var axis = relations.Axes(layer.Weight)[layer.OutputAxis]!;
            var constant = relations.Graph.Constant(layer.Weight)!;
            var values = constant.ReadFloats();
            var stride = constant.Dims.Skip(layer.OutputAxis + 1).Aggregate(1, (product, d) => product * (int)d);
            for (var i = 0; i < values.Length; i++)
            {
                var channel = Array.BinarySearch(group.Atoms, relations.Elements.Root(axis.Ids[i / stride % axis.Length]));
                if (channel >= 0)
                {
                    norms[channel] += (double)values[i] * values[i];
                }
            }
        }

        return norms;
    }
}
