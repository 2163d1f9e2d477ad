using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>
/// One error level for all sites: channel groups take the width that is worth its price at that level, then each layer the
/// split of what remains that is, and the level is bisected until the true cost of the whole model meets the budget (the
/// principle of ALDS, Liebenwein et al. 2021, section 3.3, over channels and ranks at once, with prices). What is left of
/// the budget then improves the site with the largest error, again and again.
/// </summary>
internal sealed class LevelAllocator
{
    /// <summary>Below the noise of float statistics; above, even the smallest saving is worth any error.</summary>
    private const double SmallestLevel = 1e-4, LargestLevel = 1e3;

    private readonly IReadOnlyList<SiteCandidate> _sites;
    private readonly IReadOnlyList<SplitCandidate> _splits;
    private readonly BudgetLimits _limits;
    private readonly PricedWidths[] _widths;
    private readonly double _splitUnit, _widthUnit, _channelRatio;
    private readonly bool _isPriced;

    /// <summary>Prepares an allocation.</summary>
    /// <param name="sites">Groups that can shrink.</param>
    /// <param name="splits">Layers that can be split.</param>
    /// <param name="limits">What it may cost.</param>
    /// <param name="channelRatio">Level of channel groups over that of splits: below 1, splits do more of the work.</param>
    /// <param name="isPriced">Whether a channel group pays attention to what its channels save; if not, all meet the same level.</param>
    public LevelAllocator(
        IReadOnlyList<SiteCandidate> sites, IReadOnlyList<SplitCandidate> splits, BudgetLimits limits, double channelRatio = 1, bool isPriced = true)
    {
        (_sites, _splits, _limits, _channelRatio, _isPriced) = (sites, splits, limits, splits.Count == 0 ? 1 : channelRatio, isPriced);
        _widths = [.. sites.Select((site, i) => new PricedWidths(site, kept => limits.Price(i, kept)))];
        // Branches are as dear as many groups; what a group is worth does not depend on whether they may go.
        var channels = _widths.Where((_, i) => sites[i].Group.Branch is null).ToArray();
        _widthUnit = (channels.Length > 0 ? channels : _widths).Select(w => w.Range).DefaultIfEmpty().Average();
        _splitUnit = SplitUnit(splits, limits);
    }

    /// <summary>What stays of every site.</summary>
    /// <exception cref="OnnxCompressException">OCX5001: the budget cannot be met however much is removed.</exception>
    public Allocated Allocate()
    {
        double[] levels = [.. Levels()];
        var (low, high) = (0, levels.Length - 1);
        _limits.RequireReachable(At(levels[high]));
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _limits.Allow(At(levels[middle])) ? (low, middle) : (middle + 1, high);
        }

        return Fill([.. _widths.Select(w => WidthAt(w, levels[high]))], At(levels[high]));
    }

    /// <summary>The price of an average layer; where none has a price, as tables where only time counts, any number does.</summary>
    private static double SplitUnit(IReadOnlyList<SplitCandidate> splits, BudgetLimits limits) =>
        splits.Select(s => limits.Price(s, s.WholeSize, null)).DefaultIfEmpty().Average() is > 0 and var average ? average : 1;

    private double LevelOf(SiteCandidate site, int width) => site.LevelOf(width) / _channelRatio;

    /// <summary>Everything whole, and then to the smallest everywhere in steps of 1%.</summary>
    private static IEnumerable<double> Levels()
    {
        yield return 0;
        for (var level = SmallestLevel; level < LargestLevel; level *= 1.01)
        {
            yield return level;
        }
    }

    private Allocated At(double level)
    {
        bool[][] kept = [.. _sites.Select((s, i) => s.Keep(WidthAt(_widths[i], level)))];
        var remaining = _limits.When(kept);
        return new Allocated(kept, [.. _splits.Select(s => Choose(s, s.SizeWhen(remaining), level))]);
    }

    private SplitOption? Choose(SplitCandidate split, LayerSize remaining, double level) =>
        split.Choose(remaining, level, shape => _limits.Price(split, remaining, shape), _splitUnit);

    private int WidthAt(PricedWidths widths, double level) =>
        _isPriced ? widths.Choose(level * _channelRatio, _widthUnit) : widths.Choose(level * _channelRatio);

    private Allocated Fill(int[] widths, Allocated start)
    {
        var running = _limits.Follow(start);
        double LevelAt(int i) => i < _sites.Count ? LevelOf(_sites[i], widths[i]) : _splits[i - _sites.Count].LevelOf(running.Splits[i - _sites.Count]);
        var open = new PriorityQueue<int, (double Level, int Index)>(
            Enumerable.Range(0, _sites.Count + _splits.Count).Select(i => (i, (LevelAt(i), i))),
            Comparer<(double Level, int Index)>.Create((a, b) => b.Level.CompareTo(a.Level) is not 0 and var order ? order : a.Index.CompareTo(b.Index)));
        while (open.TryDequeue(out var at, out _))
        {
            if (at < _sites.Count ? Widen(at, widths, running) : Refine(at - _sites.Count, running))
            {
                open.Enqueue(at, (LevelAt(at), at));
            }
        }

        return new Allocated(running.Kept, running.Splits);
    }

    /// <summary>
    /// Gives a group its next channels; false when it has all that do something, they do not fit into the budget, or a split
    /// beside it could not be made any more or would not pay.
    /// </summary>
    private bool Widen(int site, int[] widths, RunningCost running)
    {
        var width = widths[site];
        var before = running.Kept[site];
        if (_sites[site].IsComplete(before))
        {
            return false;
        }

        var kept = before;
        while (width < _sites[site].Group.Channels && kept.AsSpan().SequenceEqual(before))
        {
            kept = _sites[site].Keep(++width);
        }

        if (kept.AsSpan().SequenceEqual(before))
        {
            return false;
        }

        running.Keep(site, kept);
        if (!running.SplitsFit(site) || !_limits.Allow(running))
        {
            running.Keep(site, before);
            return false;
        }

        widths[site] = width;
        return true;
    }

    /// <summary>Gives a layer its next split, or leaves it whole again; false when neither fits into the budget.</summary>
    private bool Refine(int site, RunningCost running)
    {
        if (running.Splits[site] is not { } before)
        {
            return false;
        }

        var remaining = running.SizeOf(site);
        running.Split(site, _splits[site].Better(before, remaining, shape => _limits.Price(_splits[site], remaining, shape)));
        if (_limits.Allow(running))
        {
            return true;
        }

        running.Split(site, before);
        return false;
    }
}
