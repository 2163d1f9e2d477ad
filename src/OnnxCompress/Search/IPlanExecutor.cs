using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>Carries out plans for one model.</summary>
internal interface IPlanExecutor
{
    /// <summary>The compressed model of a plan; the same plan gives the same bytes each time.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation);
}
