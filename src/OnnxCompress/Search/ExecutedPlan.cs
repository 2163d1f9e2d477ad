using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Search;

/// <summary>A plan that was carried out.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Model">The compressed model.</param>
/// <param name="Shrinkage">Which channels stayed.</param>
/// <param name="Fits">What least squares did.</param>
internal sealed record ExecutedPlan(CompressionPlan Plan, OnnxModel Model, Shrinkage Shrinkage, IReadOnlyList<FitOutcome> Fits)
{
    /// <summary>The same model with every layer in the main graph, where what it makes can be looked at; null where that is the model itself.</summary>
    public OnnxModel? Observable { get; init; }

    /// <summary>What the model costs.</summary>
    public required ModelCost Cost { get; init; }

    /// <summary>About how long the model takes, by the table for this CPU: what plans that keep as much are told apart by.</summary>
    public double Time { get; init; }

    /// <summary>The numbers of each layer; empty where all are those of the original.</summary>
    public IReadOnlyList<LayerPrecision> Precision { get; init; } = [];

    /// <summary>Bits of weights that are multiplied with bytes; null where there are none.</summary>
    public int? WeightBits { get; init; }

    /// <summary>What there is to know of them.</summary>
    public IReadOnlyList<Diagnostic> Warnings { get; init; } = [];

    /// <summary>For each site of the plan the layers whose outputs show what it does.</summary>
    public IReadOnlyList<LinearLayer[]> Layers { get; init; } = [];
}
