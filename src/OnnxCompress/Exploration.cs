using OnnxCompress.Diagnostics;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>What size costs in decisions, in numbers of several forms.</summary>
/// <param name="Models">The models: by form, floating point first; of each form from the largest to the smallest.</param>
/// <param name="LeftOut">Forms of which there are none, and why.</param>
public sealed record Exploration(IReadOnlyList<ExploredModel> Models, IReadOnlyList<ConsideredForm> LeftOut)
{
    /// <summary>OCX5007 where <see cref="CompressionOptions.TimeLimit"/> ended it before all was made; else nothing.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>Looked-up tables of which some rows went from every model; empty where all stayed.</summary>
    public IReadOnlyList<VocabularyOutcome> Vocabulary { get; init; } = [];
}
