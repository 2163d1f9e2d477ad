using OnnxCompress.Models;

namespace OnnxCompress.Search;

/// <summary>Judges compressed models on samples that they were not made from.</summary>
internal interface IPlanJudge
{
    /// <summary>The score of a model.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX7004 or another of stage 7: nothing can be compared.</exception>
    PlanScore Score(OnnxModel compressed, CancellationToken cancellation);
}
