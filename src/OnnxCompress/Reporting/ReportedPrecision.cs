using OnnxCompress.Precision;

namespace OnnxCompress.Reporting;

/// <summary>The numbers that layers are stored and run in.</summary>
/// <param name="Layers">Each layer, those that stayed as they were last.</param>
/// <param name="KernelDifference">
/// Largest relative difference between the outputs of the model as the runtime optimises it and as it is written; null where it
/// was not measured.
/// </param>
public sealed record ReportedPrecision(IReadOnlyList<LayerPrecision> Layers, double? KernelDifference)
{
    /// <summary>Bits of weights that are multiplied with bytes; null where there are none.</summary>
    public int? WeightBits { get; init; }

    /// <summary>Where the model will run: <c>cpu</c>, <c>gpu</c> or <c>any</c>.</summary>
    public string Target { get; init; } = "cpu";
}
