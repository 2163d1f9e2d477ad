using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>What a layer reads and should make, in two folds: error feedback of one is judged on the other.</summary>
/// <param name="Fit">What the judged feedback comes from.</param>
/// <param name="Check">What it is judged on.</param>
/// <param name="Total">Both, for what is written.</param>
/// <param name="Energy">The squares of what it should make in the second fold.</param>
internal sealed record RoundingMoments(TargetMoments Fit, TargetMoments Check, TargetMoments Total, double Energy)
{
    /// <summary>Rows of the second fold; 0 where that is not known.</summary>
    public long Rows { get; init; }

    /// <summary>Whether the target holds the drift of the other branch.</summary>
    public bool UsesDrift { get; init; }

    /// <summary>The ridge that the weights were solved with; null where they were not.</summary>
    public double? Ridge { get; init; }
}
