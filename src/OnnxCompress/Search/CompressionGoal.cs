namespace OnnxCompress.Search;

/// <summary>What the smallest model must keep when no budget says how small it has to be.</summary>
/// <param name="MinimumAgreement">Share of equal decisions; null for none.</param>
/// <param name="MaximumError">Relative error of an output; null for none.</param>
public sealed record CompressionGoal(double? MinimumAgreement, double? MaximumError);
