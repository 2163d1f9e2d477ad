namespace OnnxCompress.Reporting;

/// <summary>The numbers that layers are stored and run in.</summary>
/// <param name="Layers">Each layer, those that stayed as they were last.</param>
/// <param name="KernelDifference">
/// Largest relative difference between the outputs of the model as the runtime optimises it and as it is written; null where it
/// was not measured.
/// </param>
public sealed record ReportedPrecision(IReadOnlyList<ReportedLayerPrecision> Layers, double? KernelDifference);
