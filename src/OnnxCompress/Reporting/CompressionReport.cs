using OnnxCompress.Reporting.Shown;
using OnnxCompress.Verification;

namespace OnnxCompress.Reporting;

/// <summary>What one compression did, as <c>report.json</c> holds it. Keys are stable: more may follow, none is renamed.</summary>
public sealed record CompressionReport
{
    /// <summary>Version of the keys.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>Version of the tool.</summary>
    public required string Tool { get; init; }

    /// <summary>Seed of every random choice.</summary>
    public int Seed { get; init; }

    /// <summary>The model that was compressed.</summary>
    public required ReportedModel Model { get; init; }

    /// <summary>What it costs.</summary>
    public required ReportedCost Original { get; init; }

    /// <summary>What the result costs.</summary>
    public required ReportedCost Compressed { get; init; }

    /// <summary>What held-out samples say; null when there were none.</summary>
    public ReportedVerification? Verification { get; init; }

    /// <summary>How far outputs drift on seeded random inputs; only when there were no real ones, of which it says nothing.</summary>
    public ReportedVerification? RandomInputs { get; init; }

    /// <summary>What the user's own judge says of the result; null without one.</summary>
    public JudgeScore? Judged { get; init; }

    /// <summary>The sentence that nothing was verified; null where held-out samples were.</summary>
    public string? NotVerified { get; init; }

    /// <summary>What the run had to say about the result, in the order in which it said it.</summary>
    public IReadOnlyList<ReportedDiagnostic> Diagnostics { get; init; } = [];

    /// <summary>How latency was measured; null when it was not.</summary>
    public ReportedLatency? Latency { get; init; }

    /// <summary>What happened where.</summary>
    public required IReadOnlyList<ReportedSite> Sites { get; init; }

    /// <summary>What least squares did for each layer, in the order they were solved; empty without reconstruction.</summary>
    public IReadOnlyList<ReportedLayer> Layers { get; init; } = [];

    /// <summary>The numbers that layers are stored and run in; null where all are those of the original.</summary>
    public ReportedPrecision? Precision { get; init; }

    /// <summary>Results in other numbers that were compared, where the tool was left to choose; else empty.</summary>
    public IReadOnlyList<ReportedForm> Considered { get; init; } = [];

    /// <summary>Looked-up tables of which some rows went; empty where all stayed.</summary>
    public IReadOnlyList<ReportedVocabulary> Vocabulary { get; init; } = [];

    /// <summary>What was left alone, and why.</summary>
    public required IReadOnlyList<ReportedRefusal> Refused { get; init; }

    /// <summary>Where the time went.</summary>
    public required ReportedTiming Timing { get; init; }

    /// <summary>Held-out decisions that changed, the original's surest first, at most 50; empty when nothing was verified.</summary>
    public IReadOnlyList<ReportedChange> Changed { get; init; } = [];

    /// <summary>Some of them to look at; pages show these, and what scripts read does not have them.</summary>
    internal IReadOnlyList<ShownRule> Shown { get; init; } = [];

    /// <summary>Models between the original and the smallest one, when they were explored.</summary>
    public IReadOnlyList<ReportedFrontierPoint> Frontier { get; init; } = [];

    /// <summary>Samples that the explored models were scored on; null when none were explored.</summary>
    public int? FrontierSamples { get; init; }

    /// <summary>What was declared about the data; null when the report does not say.</summary>
    public ReportedPreprocessing? Preprocessing { get; init; }

    /// <summary>The command line that does the same again; null when there was none.</summary>
    public string? Command { get; init; }
}
