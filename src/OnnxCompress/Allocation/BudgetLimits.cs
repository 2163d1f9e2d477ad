using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>A budget as limits on the true cost of a model.</summary>
internal sealed class BudgetLimits
{
    /// <summary>Without a budget a model is to become small first, fast second.</summary>
    private const double ParameterWeight = 0.75;

    /// <summary>Shares are counted in billionths.</summary>
    private const double CostScale = 1e9;

    private readonly JointCost _cost;
    private readonly Func<SplitCost, long> _measure;
    private readonly Dictionary<int, (int Site, int Channel)> _siteOf = [];
    private readonly IReadOnlyList<(Func<Allocated, long> Cost, long Limit, string Text)> _limits;

    /// <summary>Prepares the limits.</summary>
    /// <param name="groups">The groups that <see cref="Allocated.Kept"/> speaks of.</param>
    /// <param name="splits">The layers that <see cref="Allocated.Splits"/> speaks of.</param>
    /// <param name="cost">What the model costs as a function of its channels.</param>
    /// <param name="originalBytes">Bytes of the original file.</param>
    /// <param name="budget">What it may cost.</param>
    public BudgetLimits(IReadOnlyList<ChannelGroup> groups, IReadOnlyList<SplitCandidate> splits, CostModel cost, long originalBytes, Budget budget)
    {
        _cost = new JointCost(cost, splits);
        var (parameters, macs) = ((double)cost.Parameters(static _ => true), (double)cost.Macs(static _ => true));
        _measure = budget switch
        {
            { KeepMacs: not null } => c => c.Macs,
            { KeepCost: not null } => c => (long)(CostScale * ((ParameterWeight * c.Parameters / parameters) + ((1 - ParameterWeight) * c.Macs / macs))),
            _ => c => c.Parameters,
        };
        for (var s = 0; s < groups.Count; s++)
        {
            for (var c = 0; c < groups[s].Channels; c++)
            {
                _siteOf[groups[s].Atoms[c]] = (s, c);
            }
        }

        _limits = [.. Limits(budget, cost, originalBytes)];
    }

    /// <summary>What makes one split cheaper than another under this budget.</summary>
    public long Measure(SplitCost cost) => _measure(cost);

    /// <summary>Whether every limit holds.</summary>
    public bool Allow(Allocated allocated) => _limits.All(l => l.Cost(allocated) <= l.Limit);

    /// <summary>Whether the root of an element stays.</summary>
    public Func<int, bool> IsKept(IReadOnlyList<bool[]> kept) => root => !_siteOf.TryGetValue(root, out var at) || kept[at.Site][at.Channel];

    /// <summary>Fails when even the smallest model is too large.</summary>
    /// <exception cref="OnnxCompressException">OCX5001.</exception>
    public void RequireReachable(Allocated smallest)
    {
        foreach (var (cost, limit, text) in _limits.Where(l => l.Cost(smallest) > l.Limit))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.BudgetOutOfReach,
                $"{text} asks for at most {limit}, but with everything removed that can be, {cost(smallest)} are left; ask for less, or see with 'inspect' what is refused.");
        }
    }

    /// <summary>Parameters and multiply-accumulates.</summary>
    public (long Parameters, long Macs) CostOf(Allocated allocated) =>
        (_cost.Parameters(IsKept(allocated.Kept), allocated.Splits), _cost.Macs(IsKept(allocated.Kept), allocated.Splits));

    private IEnumerable<(Func<Allocated, long> Cost, long Limit, string Text)> Limits(Budget budget, CostModel cost, long originalBytes)
    {
        if (budget.KeepParameters is { } parameters)
        {
            yield return (a => _cost.Parameters(IsKept(a.Kept), a.Splits), (long)(parameters * cost.Parameters(static _ => true)), "--keep-params");
        }

        if (budget.KeepMacs is { } macs)
        {
            yield return (a => _cost.Macs(IsKept(a.Kept), a.Splits), (long)(macs * cost.Macs(static _ => true)), "--keep-macs");
        }

        if (budget.KeepCost is { } both)
        {
            var (allParameters, allMacs) = ((double)cost.Parameters(static _ => true), (double)cost.Macs(static _ => true));
            yield return (
                a => (long)(CostScale * ((ParameterWeight * _cost.Parameters(IsKept(a.Kept), a.Splits) / allParameters) + ((1 - ParameterWeight) * _cost.Macs(IsKept(a.Kept), a.Splits) / allMacs))),
                (long)(CostScale * both), "the search");
        }

        if (budget.KeepBytes is { } share)
        {
            var constants = cost.Bytes(static _ => true);
            yield return (a => originalBytes - constants + _cost.Bytes(IsKept(a.Kept), a.Splits), (long)(share * originalBytes), "--keep-bytes");
        }
    }
}
