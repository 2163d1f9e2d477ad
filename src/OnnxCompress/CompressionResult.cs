using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>A compressed model and how it came about.</summary>
/// <param name="Model">The compressed model; not written anywhere yet.</param>
/// <param name="Plan">What stays of each site.</param>
/// <param name="Sites">What happened at each site, for the report.</param>
/// <param name="Original">What the original costs.</param>
/// <param name="Compressed">What the compressed model costs.</param>
/// <param name="Refused">What was left alone, and why.</param>
/// <param name="Diagnostics">Warnings.</param>
/// <param name="Times">Seconds for each stage.</param>
public sealed record CompressionResult(
    OnnxModel Model,
    CompressionPlan Plan,
    IReadOnlyList<SiteOutcome> Sites,
    ModelCost Original,
    ModelCost Compressed,
    IReadOnlyList<Refusal> Refused,
    IReadOnlyList<Diagnostic> Diagnostics,
    StageTimes Times)
{
    /// <summary>What least squares did for each layer, in the order they were solved; empty without reconstruction.</summary>
    public IReadOnlyList<FitOutcome> Layers { get; init; } = [];
}
