using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Holds a finished model to its budget of time. Plans are measured while they are looked for, each for a moment; on a busy machine
/// a moment may be wrong. So what was found is measured once more, for longer, and where it misses the budget, or leaves much of it,
/// as much less or more is asked for, by the rule that won.
/// </summary>
/// <param name="find">The best model within a budget: of all rules, or of the named one.</param>
/// <param name="measure">The share of the original's time that a model takes.</param>
internal sealed class MeasuredLatency(Func<Budget, string?, ExecutedPlan> find, Func<ExecutedPlan, double> measure)
{
    /// <summary>A miss that is no larger is that of measuring.</summary>
    private const double Near = 0.02;

    /// <summary>A model that is faster by more than this has given away decisions.</summary>
    private const double Wasted = 0.06;

    /// <summary>Each carries one plan out: who asks for time gets an end.</summary>
    private const int MostCorrections = 2;

    /// <summary>The best model within a budget that limits time.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the first search finds none.</exception>
    public ExecutedPlan Best(Budget budget)
    {
        var wanted = budget.KeepLatency!.Value;
        var (made, asked) = (find(budget, null), wanted);
        var share = measure(made);
        var (tried, measured) = (made, share);
        for (var correction = 0; correction < MostCorrections && made.Plan.Sites.Count > 0 && (measured > wanted + Near || measured < wanted - Wasted); correction++)
        {
            asked = Math.Min(1, asked * (wanted - (Near / 2)) / measured);
            try
            {
                tried = find(budget with { KeepLatency = asked }, made.Plan.Rule);
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code is DiagnosticCodes.BudgetOutOfReach or DiagnosticCodes.TimeLimitReached)
            {
                break;
            }

            measured = measure(tried);
            (made, share) = Miss(measured, wanted) < Miss(share, wanted) ? (tried, measured) : (made, share);
        }

        return made;
    }

    /// <summary>How far a model is from its budget; one that takes longer than it may is worse than any that does not.</summary>
    private static double Miss(double share, double wanted) => share > wanted + Near ? 1 + share : Math.Abs(wanted - share);
}
