using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Search;

/// <summary>
/// Holds a finished model to its budget of time. Plans are measured while they are looked for, each for a moment; on a busy machine
/// a moment may be wrong. So what was found is measured once more, for longer, and where it misses the budget as much more is asked for.
/// </summary>
/// <param name="find">The best model within a budget.</param>
/// <param name="measure">The share of the original's time that a model takes.</param>
internal sealed class MeasuredLatency(Func<Budget, ExecutedPlan> find, Func<OnnxModel, double> measure)
{
    /// <summary>A miss that is no larger is that of measuring.</summary>
    private const double Near = 0.02;

    /// <summary>Each takes as long as the search: who asks for time gets an end.</summary>
    private const int MostCorrections = 2;

    /// <summary>The best model within a budget that limits time.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the first search finds none.</exception>
    public ExecutedPlan Best(Budget budget)
    {
        var wanted = budget.KeepLatency!.Value;
        var (made, asked) = (find(budget), wanted);
        var share = measure(made.Model);
        for (var correction = 0; correction < MostCorrections && share > wanted + Near; correction++)
        {
            asked *= wanted / share;
            ExecutedPlan faster;
            try
            {
                faster = find(budget with { KeepLatency = asked });
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
            {
                break;
            }

            var measured = measure(faster.Model);
            (made, share) = measured < share ? (faster, measured) : (made, share);
        }

        return made;
    }
}
