using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>One group of a layer whose weights were rounded.</summary>
/// <param name="Solution">Its weights and bias, with the relative error of its output.</param>
/// <param name="Steps">The steps of its weights.</param>
/// <param name="OwnError">What of the error its own numbers add.</param>
internal sealed record RoundedLayer(LayerSolution Solution, WeightSteps Steps, double OwnError)
{
    /// <summary>Notes the steps and errors of a layer.</summary>
    /// <param name="weights">Where.</param>
    /// <param name="weight">Its weight.</param>
    /// <param name="groups">Its groups.</param>
    public static void Note(RoundedWeights weights, string weight, IReadOnlyList<RoundedLayer> groups) => weights.Note(
        weight,
        WeightSteps.Joined([.. groups.Select(r => r.Steps)]),
        Math.Sqrt(groups.Average(r => r.Solution.ErrorAfter * r.Solution.ErrorAfter)),
        Math.Sqrt(groups.Average(r => r.OwnError * r.OwnError)));
}
