using OnnxCompress.Allocation;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Reporting;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Verification;

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

    /// <summary>The numbers that each layer is stored and run in; empty where all are those of the original.</summary>
    public IReadOnlyList<LayerPrecision> Precision { get; init; } = [];

    /// <summary>Results in other numbers that it was compared with, itself among them; empty where its numbers were given.</summary>
    public IReadOnlyList<ConsideredForm> Considered { get; init; } = [];

    /// <summary>Looked-up tables of which some rows went; empty where all stayed.</summary>
    public IReadOnlyList<VocabularyOutcome> Vocabulary { get; init; } = [];

    /// <summary>Bits of weights that are multiplied with bytes, 8 or 7; null where there are none.</summary>
    public int? WeightBits { get; init; }

    /// <summary>
    /// Largest relative difference between the outputs of the model as the runtime optimises it and as it is written; null where it
    /// was not measured.
    /// </summary>
    public double? KernelDifference { get; init; }

    /// <summary>
    /// The report of this result, for <see cref="ReportText.For"/>. What only the caller knows is added with <c>with</c>: the hash of
    /// the file that was written, a command, seconds before and after the stages (the total is theirs alone until then).
    /// </summary>
    /// <param name="verification">What samples say that nothing was made from; null: the report says that nothing was verified.</param>
    /// <param name="verified">The samples of <paramref name="verification"/>: decisions that changed are reported by the files these lie in.</param>
    /// <param name="latency">Time of both models; null when not measured.</param>
    /// <param name="seed">The seed of the options.</param>
    /// <param name="preprocessing">What was declared about the data; null when the report does not say.</param>
    public CompressionReport ToReport(
        VerificationResult? verification = null,
        ISampleSource? verified = null,
        LatencyComparison? latency = null,
        int seed = 0,
        ReportedPreprocessing? preprocessing = null) => ResultReport.Of(this, verification, verified, latency, seed, preprocessing);
}
