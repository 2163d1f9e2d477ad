using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Search;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress;

/// <summary>What every stage of a run works with.</summary>
/// <param name="Runtime">Runs models.</param>
/// <param name="Backend">Does the linear algebra.</param>
/// <param name="Watch">Times the stages.</param>
/// <param name="Progress">Told where the run stands.</param>
internal sealed record PipelineTools(IModelRuntime Runtime, IDenseBackend Backend, StageWatch Watch, IProgress<ProgressUpdate>? Progress)
{
    /// <summary>How long the search may take.</summary>
    public TimeLimit Limit { get; init; } = TimeLimit.None;

    /// <summary>Decomposes layers, and may remember what it decomposed.</summary>
    public IDenseBackend Decompositions { get; init; } = Backend;

    /// <summary>Tools that remember decompositions within the memory that the user allows.</summary>
    public static PipelineTools Of(IModelRuntime runtime, IDenseBackend backend, IProgress<ProgressUpdate>? progress, CompressionOptions options) =>
        new(runtime, backend, new StageWatch(progress), progress) { Decompositions = new DecompositionMemory(backend, StageOptions.DecompositionBytes(options)) };
}
