using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>A model in other numbers.</summary>
/// <param name="Model">The model.</param>
/// <param name="Layers">The form of each layer, those that stayed as they were last.</param>
/// <param name="Warnings">What the data had that a range could not hold.</param>
internal sealed record QuantisedModel(OnnxModel Model, IReadOnlyList<LayerPrecision> Layers, IReadOnlyList<Diagnostic> Warnings)
{
    /// <summary>Bits of weights that are multiplied with bytes; null where there are none.</summary>
    public int? WeightBits { get; init; }
}
