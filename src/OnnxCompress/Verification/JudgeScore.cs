namespace OnnxCompress.Verification;

/// <summary>What a judge says of a model.</summary>
/// <param name="Score">More is better; 1 is as good as the original.</param>
/// <param name="Figures">What else it measured.</param>
public sealed record JudgeScore(double Score, IReadOnlyList<DecisionFigure> Figures);
