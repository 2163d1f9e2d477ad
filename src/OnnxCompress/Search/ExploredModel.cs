using OnnxCompress.Allocation;
using OnnxCompress.Forms;
using OnnxCompress.Verification;

namespace OnnxCompress.Search;

/// <summary>One point of the frontier.</summary>
/// <param name="Budget">What it may cost.</param>
/// <param name="Cost">What it costs.</param>
/// <param name="Agreement">Share of equal decisions on samples it was not made from; null when nothing decides.</param>
/// <param name="RelativeError">Relative error of the deciding output, or of the worst.</param>
public sealed record ExploredModel(Budget Budget, ModelCost Cost, double? Agreement, double RelativeError)
{
    /// <summary>Its numbers.</summary>
    public NumberForm Form { get; init; } = NumberForm.Float;

    /// <summary>Whether nothing was removed from it.</summary>
    public bool RemovesNothing { get; init; }

    /// <summary>Its median latency, measured in turn with the original's.</summary>
    public required LatencyComparison Latency { get; init; }
}
