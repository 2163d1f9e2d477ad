using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Timing;

namespace OnnxCompress.Search;

/// <summary>
/// Models of a few plans, timed beside the original before others are chosen by what tables of nodes say: they show what channels and
/// splits save inside this model, and what the rewrites that change no output do for it.
/// </summary>
/// <param name="allocate">A plan within a budget, by the tables.</param>
/// <param name="measure">The share of the original's time that the model of a plan takes.</param>
/// <param name="partsOf">What tables say of a plan.</param>
internal sealed class LatencyCalibration(Func<Budget, PlanRule, CompressionPlan> allocate, Func<CompressionPlan, double> measure, Func<CompressionPlan, TimeParts> partsOf)
{
    /// <summary>Starting operators is most of a run this short, and what is measured of it mostly chance.</summary>
    public const double ShortRunMs = 0.05;

    /// <summary>Of the original's time, by the tables.</summary>
    private static readonly double[] Shares = [0.75, 0.45];

    /// <summary>Of each model what tables say, and the share that it takes.</summary>
    /// <param name="nothing">The plan that removes nothing.</param>
    /// <param name="isRewritten">Whether it still is another model than the original.</param>
    /// <param name="rules">Rules of plans; of those that remove channels alone and of those that split alone the first counts.</param>
    public IReadOnlyList<(TimeParts Parts, double Share)> Run(CompressionPlan nothing, bool isRewritten, IReadOnlyList<PlanRule> rules)
    {
        var seen = new List<(TimeParts, double)> { (partsOf(nothing), isRewritten ? measure(nothing) : 1) };
        PlanRule?[] telling = [rules.FirstOrDefault(r => r is { Channels: true, Splits: false }), rules.FirstOrDefault(r => r is { Channels: false, Splits: true })];
        foreach (var rule in telling.OfType<PlanRule>())
        {
            seen.AddRange(Shares.Select(share => Planned(share, rule)).OfType<CompressionPlan>().Where(p => p.Sites.Count > 0).Select(p => (partsOf(p), measure(p))));
        }

        return seen;
    }

    private CompressionPlan? Planned(double share, PlanRule rule)
    {
        try
        {
            return allocate(new Budget(KeepLatency: share) { IsPredicted = true }, rule);
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach)
        {
            // Channels alone may not go that far.
            return null;
        }
    }
}
