using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>Multiply-accumulates of a model after a plan.</summary>
internal static class SplitMacs
{
    /// <summary>For one sample.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="analysis">Analysis of the original model.</param>
    /// <param name="isKept">Whether the root of an element stays.</param>
    public static long Of(CompressionPlan plan, ModelAnalysis analysis, Func<int, bool> isKept)
    {
        var macs = analysis.Cost.Macs(isKept);
        var layers = SplitSites.ByName(analysis);
        foreach (var split in plan.Splits)
        {
            var layer = layers[split.Site];
            var axes = analysis.Relations.KnownAxes(layer.Weight);
            var size = SplitSites.SizeOf(
                layer, analysis, analysis.Cost.Kept(axes[layer.InputAxis]!, isKept), analysis.Cost.Kept(axes[layer.OutputAxis]!, isKept));
            macs += SplitCost.Of(split.Shape, size).Macs - size.DenseMacs;
        }

        return macs;
    }
}
