using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>Carries out plans for one model.</summary>
internal interface IPlanExecutor
{
    /// <summary>The compressed model of a plan; the same plan gives the same bytes each time.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    ExecutedPlan Execute(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation);

    /// <summary>Whether <see cref="Glance"/> takes a fraction of the time of <see cref="Execute"/>.</summary>
    bool CanGlance => false;

    /// <summary>A model that loses about as much more than others as that of <see cref="Execute"/> does, made from a part of the samples.</summary>
    /// <exception cref="OnnxCompressException">OCX6001: the plan is not for this model.</exception>
    ExecutedPlan Glance(CompressionPlan plan, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) => Execute(plan, progress, cancellation);
}
