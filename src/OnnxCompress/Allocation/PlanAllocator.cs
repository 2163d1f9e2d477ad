using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Timing;

namespace OnnxCompress.Allocation;

/// <summary>Spreads budgets over the sites of one model.</summary>
/// <param name="model">The model; not changed.</param>
/// <param name="original">What the model costs that limits are shares of.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="curves">What could go.</param>
/// <param name="time">What choices take in the runtime; null where time is not limited.</param>
/// <param name="options">How.</param>
// Many parameters: what all earlier stages know of one model.
internal sealed class PlanAllocator(
    OnnxModel model, ModelCost original, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, SiteCurves curves, LatencyCost? time, AllocationOptions options)
{
    private readonly long _bytes = model.AsStored().Bytes;
    private readonly TableTimes _table = TableTimes.Of(analysis, WidthTable.VectorWidth);

    /// <summary>The rules that can be tried, the one that wins most often first.</summary>
    public IReadOnlyList<PlanRule> Rules { get; } = PlanRule.For(
        curves.Channels.Length > 0, curves.Splits.Length > 0, curves.Splits.Any(s => s.SpatialFirst() != s), options.IsFitted, isFelt: curves.Felt.Count > 0, isTimed: time is not null);

    /// <summary>A plan within a budget, by predicted costs.</summary>
    /// <param name="budget">The budget.</param>
    /// <param name="rule">How it is spread.</param>
    /// <param name="reserve">Of the budget, as much is left free.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <param name="forms">The numbers of layers; null for those of the model.</param>
    /// <exception cref="Diagnostics.OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public CompressionPlan Allocate(Budget budget, PlanRule rule, ModelCost reserve, CancellationToken cancellation, StoredForms? forms = null)
    {
        var (sites, splits) = OfferedSites.Of(curves, rule, forms);
        var cost = forms?.CostOf(model, analysis.Cost) ?? analysis.Cost;
        budget = budget with { IsPricedByOperations = rule.ByOperations };
        Allocated allocated;
        try
        {
            allocated = Spread(budget, rule, (sites, splits), reserve, cost);
        }
        catch (OnnxCompressException e) when (e.Diagnostic.Code == DiagnosticCodes.BudgetOutOfReach && Array.Exists(splits, s => s.LeavesOutSlower))
        {
            // Splits that save operations and no time are better than a budget that is not met.
            splits = [.. splits.Select(s => s.WithSlower())];
            allocated = Spread(budget, rule, (sites, splits), reserve, cost);
        }

        IEnumerable<ChannelPlan> channels = sites.Select((site, i) => ChannelPlan.ForSite(site, allocated.Kept[i], cancellation)).Where(p => p.Kept.Count < p.Of);
        channels = OfferedSites.WithoutGone([.. channels], analysis);
        if (channels.Any(p => p.Method == CompressionMethod.Coreset))
        {
            channels = new CoresetPlans(analysis, statistics, backend, options.CoresetDraws, options.Seed).Draw(channels);
        }

        var ranks = splits.Zip(allocated.Splits).Where(p => p.Second is not null).Select(p => SplitPlan.ForLayer(p.First, p.Second!));
        return new CompressionPlan(model.SourceSha256, [.. channels, .. ranks]) { Rule = rule.Name, Rewrites = options.Rewrites, Wider = forms?.Wider ?? CompressionPlan.NothingWider };
    }

    private Allocated Spread(Budget budget, PlanRule rule, (SiteCandidate[] Sites, SplitCandidate[] Splits) offered, ModelCost reserve, CostModel cost)
    {
        var (sites, splits) = offered;
        // Beside its constants the file is what it was.
        var bytes = _bytes - analysis.Cost.Bytes(analysis.Cost.Whole) + cost.Bytes(cost.Whole);
        var limits = new BudgetLimits([.. sites.Select(s => s.Group)], splits, cost, bytes, budget, time, original, reserve, _table);
        return sites.Length == 0 && Array.Exists(splits, s => s.Spectra is not null)
            ? AldsSearch.Run(splits, limits, options.Seed)
            : new LevelAllocator(sites, splits, limits, rule.ChannelRatio, rule.IsPriced).Allocate();
    }
}
