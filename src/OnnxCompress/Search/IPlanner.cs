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

    /// <summary>Takes the times that plans are made by, where time is limited: before the first plan, as it would count as the time of that.</summary>
    void Prepare()
    {
    }

    /// <summary>The plan that removes nothing.</summary>
    CompressionPlan Nothing { get; }

    /// <summary>The same where time is not limited, whether or not layers have been timed.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    CompressionPlan Untimed(Budget budget, PlanRule rule, CancellationToken cancellation) => Plan(budget, rule, cancellation);
}
