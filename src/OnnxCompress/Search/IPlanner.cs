using OnnxCompress.Allocation;

namespace OnnxCompress.Search;

/// <summary>Makes plans for one model.</summary>
internal interface IPlanner
{
    /// <summary>The rules that can be tried, the one that wins most often first.</summary>
    IReadOnlyList<PlanRule> Rules { get; }

    /// <summary>What limits are shares of.</summary>
    ModelCost Original { get; }

    /// <summary>A plan within a budget.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    CompressionPlan Plan(Budget budget, PlanRule rule, CancellationToken cancellation);
}
