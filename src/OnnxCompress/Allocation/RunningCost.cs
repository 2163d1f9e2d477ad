using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation;

/// <summary>
/// The cost of an allocation that changes one site at a time: only what depends on that site is counted anew, so that a
/// network of many layers takes time in proportion. The numbers are those of <see cref="JointCost"/>, exactly.
/// </summary>
internal sealed class RunningCost
{
    private readonly CostModel _cost;
    private readonly IReadOnlyList<CostModel> _parts;
    private readonly IReadOnlyList<SplitCandidate> _candidates;
    private readonly ILookup<int, int> _splitsOf;
    private readonly Func<int, bool> _isKept;
    private long _macSum;

    /// <summary>Counts a first allocation.</summary>
    /// <param name="cost">Cost as a function of the channels that stay.</param>
    /// <param name="parts">For each site, all that depends on it.</param>
    /// <param name="candidates">The layers that may be split.</param>
    /// <param name="siteOf">The site and channel that an element's root stands for.</param>
    /// <param name="start">What is decided so far; copied.</param>
    public RunningCost(
        CostModel cost, IReadOnlyList<CostModel> parts, IReadOnlyList<SplitCandidate> candidates, IReadOnlyDictionary<int, (int Site, int Channel)> siteOf, Allocated start)
    {
        (_cost, _parts, _candidates, Kept, Splits) = (cost, parts, candidates, [.. start.Kept], [.. start.Splits]);
        _isKept = root => !siteOf.TryGetValue(root, out var at) || Kept[at.Site][at.Channel];
        _splitsOf = candidates.Index()
            .SelectMany(c => c.Item.Roots(cost).Where(siteOf.ContainsKey).Select(root => siteOf[root].Site).Distinct().Select(site => (Site: site, Split: c.Index)))
            .ToLookup(p => p.Site, p => p.Split);
        Count(cost, 1);
        for (var split = 0; split < Splits.Length; split++)
        {
            CountSplit(split, 1);
        }
    }

    /// <summary>For each site the channels that stay; changed by <see cref="Keep"/> only.</summary>
    public bool[][] Kept { get; }

    /// <summary>For each layer its split; changed by <see cref="Split"/> only.</summary>
    public SplitOption?[] Splits { get; }

    /// <summary>As <see cref="JointCost.Parameters"/>.</summary>
    public long Parameters { get; private set; }

    /// <summary>As <see cref="JointCost.Bytes"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>As <see cref="JointCost.Macs"/>.</summary>
    public long Macs => (_macSum / _cost.Samples) + SavedMacs;

    private long SavedMacs { get; set; }

    /// <summary>Lets other channels of a site stay.</summary>
    public void Keep(int site, bool[] kept)
    {
        Count(site, -1);
        Kept[site] = kept;
        Count(site, 1);
    }

    /// <summary>Gives a layer another split, or none.</summary>
    public void Split(int layer, SplitOption? option)
    {
        CountSplit(layer, -1);
        Splits[layer] = option;
        CountSplit(layer, 1);
    }

    /// <summary>Size of what stays of a layer.</summary>
    public LayerSize SizeOf(int layer) => _candidates[layer].SizeWhen(_cost, _isKept);

    /// <summary>Whether the splits of all layers beside a site can still be made, and pay.</summary>
    public bool SplitsFit(int site) => _splitsOf[site].All(s => Splits[s] is not { } option || SplitCandidate.Fits(option.Shape, SizeOf(s)));

    private void Count(int site, int sign)
    {
        Count(_parts[site], sign);
        foreach (var split in _splitsOf[site])
        {
            CountSplit(split, sign);
        }
    }

    private void Count(CostModel part, int sign)
    {
        Parameters += sign * part.Parameters(_isKept);
        Bytes += sign * part.Bytes(_isKept);
        _macSum += sign * part.MacSum(_isKept);
    }

    private void CountSplit(int split, int sign)
    {
        if (Splits[split] is { } option)
        {
            var saved = JointCost.Saved(_candidates[split], option, SizeOf(split));
            Parameters += sign * saved.Parameters;
            SavedMacs += sign * saved.Macs;
            Bytes += sign * saved.Bytes;
        }
    }
}
