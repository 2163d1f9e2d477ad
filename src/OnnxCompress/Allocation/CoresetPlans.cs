using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;

namespace OnnxCompress.Allocation;

/// <summary>
/// Draws the coresets of a plan once its widths stand, bottom to top: a layer's points are its weights behind what
/// became of the layers in front.
/// </summary>
/// <param name="analysis">Analysis of the original model.</param>
/// <param name="statistics">Say how large the inputs of layers are.</param>
/// <param name="backend">Takes sensitivities, and draws.</param>
/// <param name="candidates">Draws to choose from at each group.</param>
/// <param name="seed">Another seed, another sample.</param>
internal sealed class CoresetPlans(ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, int candidates, int seed)
{
    /// <summary>Leaves out the divisor of sensitivities, as the released code does.</summary>
    public bool Unnormalised { get; init; }

    /// <summary>The plans with samples in place of the channels of the curve where the method is a coreset.</summary>
    public IReadOnlyList<ChannelPlan> Draw(IEnumerable<ChannelPlan> plans)
    {
        var norms = new PointNorms(analysis, statistics);
        var drawn = plans.ToDictionary(p => p.Site, StringComparer.Ordinal);
        foreach (var (index, group) in analysis.Groups.Index())
        {
            if (!drawn.TryGetValue(group.Name, out var plan))
            {
                continue;
            }

            if (plan.Method == CompressionMethod.Coreset)
            {
                drawn[group.Name] = plan = Draw(plan, group, norms, new Random(unchecked((seed * 397) ^ index)));
            }

            var factors = new double[group.Channels];
            for (var k = 0; k < plan.Kept.Count; k++)
            {
                factors[plan.Kept[k]] = plan.Factors?[k] ?? 1;
            }

            foreach (var consumer in group.ConsumerLayers)
            {
                foreach (var use in consumer.Uses)
                {
                    norms.Scale(consumer with { Layer = use }, factors);
                }
            }
        }

        return [.. drawn.Values];
    }

    private ChannelPlan Draw(ChannelPlan plan, ChannelGroup group, PointNorms norms, Random random)
    {
        var bounds = new ChannelBounds(analysis.Relations, norms);
        var sensitivities = ChannelSensitivities.Of(group, analysis.Relations.Graph, bounds, backend, !Unnormalised);
        int[] widths = [.. group.Segments.Select(s => s.Count(plan.Kept.Contains))];
        var draw = CoresetDraw.Of(group.Segments, group.IsFree, widths, sensitivities, candidates, random, backend);
        int[] kept = [.. Enumerable.Range(0, group.Channels).Where(c => draw.IsKept[c])];
        return plan with { Kept = kept, Factors = [.. kept.Select(c => draw.Factors[c])] };
    }
}
