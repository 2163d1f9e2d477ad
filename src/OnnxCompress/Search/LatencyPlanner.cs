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
/// <param name="measure">The share of the original's time that the model of a plan takes; measured once more where that is said.</param>
/// <param name="whole">The share that a model takes of which nothing is removed: less than all in numbers of fewer bits.</param>
/// <param name="start">The share of a model over that which nodes predict, as plans before have shown it; null where nothing is known.</param>
internal sealed class LatencyPlanner(Func<Budget, CompressionPlan> allocate, Func<CompressionPlan, bool, double> measure, double whole = 1, double? start = null)
{
    /// <summary>A share this far below the wanted one is near enough: pairs of runs are not measured more finely.</summary>
    private const double Near = 0.02;

    /// <summary>Each takes about a second, and of the second step on measured shares are interpolated.</summary>
    private const int MostSteps = 6;

    /// <summary>The share of the model over that which nodes predict, of the plan that was taken.</summary>
    public double Scale { get; private set; } = start ?? whole;

    /// <summary>The plan.</summary>
    /// <param name="budget">Limits latency, and perhaps other things.</param>
    /// <exception cref="OnnxCompressException">OCX5001: no plan is as fast as that.</exception>
    public CompressionPlan Plan(Budget budget)
    {
        var wanted = budget.KeepLatency!.Value;
        var aim = wanted - (Near / 2);
        var measured = new Dictionary<string, double>(StringComparer.Ordinal);
        (CompressionPlan Plan, double Share)? best = null;
        OnnxCompressException? unreachable = null;
        // Of both, the predicted and the measured share: known to be too fast, and too slow.
        var (fast, slow) = ((Predicted: 0.0, Measured: double.NaN), (Predicted: 1.0, Measured: whole));
        // Nodes predict shares of what keeps everything.
        var part = Math.Min(1, aim / whole);
        var (predicted, fastest) = (Math.Clamp(aim / Scale, part / 2, (1 + part) / 2), double.PositiveInfinity);
        for (var step = 0; step < MostSteps && slow.Predicted - fast.Predicted > Near / 4; step++)
        {
            double share;
            try
            {
                var plan = allocate(budget with { KeepLatency = predicted });
                var key = plan.ToJson();
                share = measured[key] = measured.TryGetValue(key, out var known) ? known : Share(plan, wanted);
                if (share <= wanted && !(best?.Share >= share))
                {
                    (best, Scale) = ((plan, share), share / predicted);
                }
            }
            catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
            {
                unreachable = e;
                fast = (predicted, double.NaN);
                predicted = (fast.Predicted + slow.Predicted) / 2;
                continue;
            }

            fastest = Math.Min(fastest, share);
            if (IsNear(share, wanted))
            {
                break;
            }

            (fast, slow) = share > wanted ? (fast, (predicted, share)) : ((predicted, share), slow);
            predicted = Next(fast, slow, aim);
        }

        return best?.Plan ?? throw (double.IsFinite(fastest)
            ? new OnnxCompressException(
                DiagnosticCodes.BudgetOutOfReach,
                string.Create(CultureInfo.InvariantCulture, $"--keep-latency asks for at most {wanted:P0} of the original's time, and the fastest model that was found takes {fastest:P0}; ask for less, or see with 'inspect' what is refused."))
            : unreachable!);
    }

    private static bool IsNear(double share, double wanted) => share <= wanted && share >= wanted - Near;

    /// <summary>Where a line through both measurements takes the wanted time; with one of them, in proportion.</summary>
    private static double Next((double Predicted, double Measured) fast, (double Predicted, double Measured) slow, double aim)
    {
        // Near an end of what is left, hardly anything would be learnt: there noise, or a step of the widths, hides the slope.
        const double Edge = 0.15;
        var width = slow.Predicted - fast.Predicted;
        var line = double.IsNaN(fast.Measured)
            ? slow.Predicted * aim / slow.Measured
            : fast.Predicted + (width * (aim - fast.Measured) / Math.Max(slow.Measured - fast.Measured, 1e-9));
        return double.IsFinite(line) ? Math.Clamp(line, fast.Predicted + (Edge * width), slow.Predicted - (Edge * width)) : (fast.Predicted + slow.Predicted) / 2;
    }

    /// <summary>
    /// A plan that seems to be the one that is wanted is measured again, and the worse time counts: of many plans the one that was
    /// measured at a lucky moment would win.
    /// </summary>
    private double Share(CompressionPlan plan, double wanted)
    {
        var share = measure(plan, false);
        return IsNear(share, wanted) ? Math.Max(share, measure(plan, true)) : share;
    }
}
