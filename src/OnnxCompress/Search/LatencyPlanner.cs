using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Search;

/// <summary>
/// Finds a plan whose model takes the share of the original's time that is asked for. Times of single nodes say which layer
/// is worth what; how they add up to a model is measured: the share that nodes predict is moved until the share that the
/// whole model takes, beside the original, is the one that is wanted.
/// </summary>
/// <param name="allocate">A plan for a budget, by the times of nodes.</param>
/// <param name="measure">The share of the original's time that the model of a plan takes.</param>
internal sealed class LatencyPlanner(Func<Budget, CompressionPlan> allocate, Func<CompressionPlan, double> measure)
{
    /// <summary>A share this far below the wanted one is near enough: pairs of runs are not measured more finely.</summary>
    private const double Near = 0.015;

    private const int MostSteps = 8;

    /// <summary>The plan.</summary>
    /// <param name="budget">Limits latency, and perhaps other things.</param>
    /// <exception cref="OnnxCompressException">OCX5001: no plan is as fast as that.</exception>
    public CompressionPlan Plan(Budget budget)
    {
        var wanted = budget.KeepLatency!.Value;
        var measured = new Dictionary<string, double>(StringComparer.Ordinal);
        (CompressionPlan Plan, double Share)? best = null;
        OnnxCompressException? unreachable = null;
        // Predicted shares that are known to be too fast, or out of reach, and too slow.
        var (low, high, predicted, fastest) = (0.0, 1.0, wanted, double.PositiveInfinity);
        for (var step = 0; step < MostSteps && high - low > Near / 4; step++)
        {
            double share;
            try
            {
                var plan = allocate(budget with { KeepLatency = predicted });
                var key = plan.ToJson();
                share = measured[key] = measured.TryGetValue(key, out var known) ? known : Share(plan, wanted);
                if (share <= wanted && !(best?.Share >= share))
                {
                    best = (plan, share);
                }
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
            {
                unreachable = e;
                low = predicted;
                predicted = (low + high) / 2;
                continue;
            }

            fastest = Math.Min(fastest, share);
            if (share <= wanted && share >= wanted - Near)
            {
                break;
            }

            (low, high) = share > wanted ? (low, predicted) : (predicted, high);
            var proportional = predicted * (wanted - (Near / 3)) / share;
            predicted = proportional > low && proportional < high ? proportional : (low + high) / 2;
        }

        return best?.Plan ?? throw (double.IsFinite(fastest)
            ? new OnnxCompressException(
                DiagnosticCodes.BudgetOutOfReach,
                string.Create(CultureInfo.InvariantCulture, $"--keep-latency asks for at most {wanted:P0} of the original's time, and the fastest model that was found takes {fastest:P0}; ask for less, or see with 'inspect' what is refused."))
            : unreachable!);
    }

    /// <summary>
    /// A plan that seems fast enough is measured again, and the worse time counts: of many plans the one that was
    /// measured at a lucky moment would win.
    /// </summary>
    private double Share(CompressionPlan plan, double wanted)
    {
        var share = measure(plan);
        return share <= wanted ? Math.Max(share, measure(plan)) : share;
    }
}
