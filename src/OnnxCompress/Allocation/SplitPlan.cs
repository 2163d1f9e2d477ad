using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>What happens to one layer: it becomes thin ones. Carried out after channels have gone.</summary>
/// <param name="Site">Name of the layer's node.</param>
/// <param name="Shape">Form and sizes.</param>
/// <param name="LargestRank">The rank the layer could have had.</param>
/// <param name="PredictedError">Relative error of the layer's output that the form states.</param>
public sealed record SplitPlan(string Site, SplitShape Shape, int LargestRank, double PredictedError)
    : SitePlan(Site, CompressionMethod.LowRank, PredictedError)
{
    /// <summary>The plan of a layer's split.</summary>
    internal static SplitPlan ForLayer(SplitCandidate layer, SplitOption option) =>
        new(layer.Layer.Node.Name, option.Shape, layer.WholeSize.LargestRankOf(option.Shape.Form), option.Error);
}
