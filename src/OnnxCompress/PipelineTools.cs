using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Search;

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
}
