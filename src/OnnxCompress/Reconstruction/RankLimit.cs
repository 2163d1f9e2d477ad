using OnnxCompress.Calibration;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Reconstruction;

/// <summary>What the weights of a layer may be.</summary>
/// <param name="Rank">Their largest rank; null for any.</param>
/// <param name="Folded">How they fold to the matrix of that rank; null where they are that matrix.</param>
internal sealed record RankLimit(int? Rank = null, FoldedKernel? Folded = null)
{
    /// <summary>What directions of the outputs count; null where all do alike.</summary>
    public OutputMetric? Metric { get; init; }

    /// <summary>Of a folded kernel, the column that a solution begins with, <c>rank x (inputs * height)</c>; null for the best guess.</summary>
    public Matrix<double>? Column { get; set; }
}
