using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Allocation;

/// <summary>
/// One error level for all sites: each takes its narrowest width below the level, and the level is bisected until the
/// true cost of the whole model meets the budget (the min-max principle of ALDS, Liebenwein et al. 2021, section 3.3,
/// applied to channels). What is left of the budget then widens the site with the largest error, again and again.
/// </summary>
internal sealed class LevelAllocator
{
    private readonly IReadOnlyList<SiteCandidate> _sites;
    private readonly CostModel _cost;
    private readonly long _originalBytes;
    private readonly IReadOnlyList<(Func<bool[][], long> Cost, long Limit, string Text)> _limits;
    private readonly Dictionary<int, (int Site, int Channel)> _siteOf = [];

    /// <summary>Prepares an allocation.</summary>
    /// <param name="sites">What can shrink.</param>
    /// <param name="cost">What it costs.</param>
    /// <param name="originalBytes">Bytes of the original file.</param>
    /// <param name="budget">What it may cost.</param>
    public LevelAllocator(IReadOnlyList<SiteCandidate> sites, CostModel cost, long originalBytes, Budget budget)
    {
        (_sites, _cost, _originalBytes) = (sites, cost, originalBytes);
        for (var s = 0; s < sites.Count; s++)
        {
            for (var c = 0; c < sites[s].Group.Channels; c++)
            {
                _siteOf[sites[s].Group.Atoms[c]] = (s, c);
            }
        }

        _limits = [.. Limits(budget)];
    }

    /// <summary>The widths of all sites, as masks of kept channels.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public bool[][] Allocate()
    {
        var levels = _sites.SelectMany(s => Enumerable.Range(0, s.Group.Channels + 1).Select(s.LevelOf)).Distinct().Order().DefaultIfEmpty().ToArray();
        var (low, high) = (0, levels.Length - 1);
        if (!Fits(At(levels[high])))
        {
            var limit = _limits.First(l => l.Cost(At(levels[high])) > l.Limit);
            throw new OnnxCompressException(
                DiagnosticCodes.BudgetOutOfReach,
                $"{limit.Text} asks for at most {limit.Limit}, but with everything removed that can be, {limit.Cost(At(levels[high]))} are left; ask for less, or see with 'inspect' what is refused.");
        }

        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Fits(At(levels[middle])) ? (low, middle) : (middle + 1, high);
        }

        return Fill([.. _sites.Select(s => s.WidthAt(levels[high]))]);
    }

    private bool[][] At(double level) => [.. _sites.Select(s => s.Keep(s.WidthAt(level)))];

    private bool[][] Fill(int[] widths)
    {
        var kept = _sites.Select((s, i) => s.Keep(widths[i])).ToArray();
        var isOpen = _sites.Select(_ => true).ToArray();
        while (Array.Exists(isOpen, open => open))
        {
            var site = Enumerable.Range(0, _sites.Count).Where(i => isOpen[i]).MaxBy(i => _sites[i].LevelOf(widths[i]));
            var width = widths[site];
            var before = kept[site];
            while (width < _sites[site].Group.Channels && kept[site].AsSpan().SequenceEqual(before))
            {
                kept[site] = _sites[site].Keep(++width);
            }

            if (kept[site].AsSpan().SequenceEqual(before) || !Fits(kept))
            {
                kept[site] = before;
                isOpen[site] = false;
            }
            else
            {
                widths[site] = width;
            }
        }

        return kept;
    }

    private bool Fits(bool[][] kept) => _limits.All(l => l.Cost(kept) <= l.Limit);

    private IEnumerable<(Func<bool[][], long> Cost, long Limit, string Text)> Limits(Budget budget)
    {
        var bytes = _cost.Bytes(static _ => true);
        if (budget.KeepParameters is { } parameters)
        {
            yield return (kept => _cost.Parameters(IsKept(kept)), (long)(parameters * _cost.Parameters(static _ => true)), "--keep-params");
        }

        if (budget.KeepMacs is { } macs)
        {
            yield return (kept => _cost.Macs(IsKept(kept)), (long)(macs * _cost.Macs(static _ => true)), "--keep-macs");
        }

        if (budget.KeepBytes is { } share)
        {
            yield return (kept => _originalBytes - bytes + _cost.Bytes(IsKept(kept)), (long)(share * _originalBytes), "--keep-bytes");
        }
    }

    private Func<int, bool> IsKept(bool[][] kept) => root => !_siteOf.TryGetValue(root, out var at) || kept[at.Site][at.Channel];
}
