using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Timing;

namespace OnnxCompress.Allocation;

/// <summary>
/// The true cost of an allocation, of which channels go and layers are split: what a split costs depends on both. When one
/// site changes, only what depends on that site is counted anew, so that a network of many layers takes time in proportion.
/// </summary>
internal sealed class RunningCost
{
    private readonly CostModel _cost;
    private readonly IReadOnlyList<CostModel> _parts;
    private readonly IReadOnlyList<SplitCandidate> _candidates;
    private readonly ILookup<int, int> _splitsOf;
    private readonly TableTimes? _times;
    private readonly IReadOnlyList<TableTimes> _timeParts;
    private readonly LatencyCost? _latency;
    private readonly IReadOnlyList<Func<Remaining, double>> _latencyParts;
    private long _macSum, _savedMacs;

    /// <summary>Counts a first allocation.</summary>
    /// <param name="model">What is counted.</param>
    /// <param name="when">What stays of the model when those channels of the sites do; they may change.</param>
    /// <param name="start">What is decided so far; copied.</param>
    public RunningCost(CostParts model, Func<IReadOnlyList<bool[]>, Remaining> when, Allocated start)
    {
        (_cost, _parts, _candidates, _splitsOf) = (model.Cost, model.Parts, model.Candidates, model.SplitsOf);
        (_latency, _latencyParts) = (model.Latency, model.LatencyParts);
        (_times, _timeParts, Kept, Splits) = (model.Times, model.TimeParts, [.. start.Kept], [.. start.Splits]);
        Remaining = when(Kept);
        Count(_cost, _times, 1);
        Milliseconds = _latency?.Milliseconds(Remaining) ?? 0;
        for (var split = 0; split < Splits.Length; split++)
        {
            CountSplit(split, 1);
        }
    }

    /// <summary>For each site the channels that stay; changed by <see cref="Keep"/> only.</summary>
    public bool[][] Kept { get; }

    /// <summary>For each layer its split; changed by <see cref="Split"/> only.</summary>
    public SplitOption?[] Splits { get; }

    /// <summary>What stays of the model.</summary>
    public Remaining Remaining { get; }

    /// <summary>Elements of floating-point constants.</summary>
    public long Parameters { get; private set; }

    /// <summary>Bytes of the constants and of the nodes that splits add.</summary>
    public long Bytes { get; private set; }

    /// <summary>Multiply-accumulates of one sample.</summary>
    public long Macs => (_macSum / _cost.Samples) + _savedMacs;

    /// <summary>About how long the layers take, by the table for this CPU; 0 where nothing asks for it.</summary>
    public double TableTime { get; private set; }

    /// <summary>Milliseconds of one run by measured times; 0 where time is not limited.</summary>
    public double Milliseconds { get; private set; }

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
    public LayerSize SizeOf(int layer) => _candidates[layer].SizeWhen(Remaining);

    /// <summary>Whether the splits of all layers beside a site can still be made, and pay.</summary>
    public bool SplitsFit(int site) => _splitsOf[site].All(s => Splits[s] is not { } option || SplitCandidate.Fits(option.Shape, SizeOf(s)));

    private void Count(int site, int sign)
    {
        Count(_parts[site], _times is null ? null : _timeParts[site], sign);
        Milliseconds += _latency is null ? 0 : sign * _latencyParts[site](Remaining);
        foreach (var split in _splitsOf[site])
        {
            CountSplit(split, sign);
        }
    }

    private void Count(CostModel part, TableTimes? times, int sign)
    {
        TableTime += sign * (times?.Of(Remaining) ?? 0);
        Parameters += sign * part.Parameters(Remaining);
        Bytes += sign * part.Bytes(Remaining);
        _macSum += sign * part.MacSum(Remaining);
    }

    private void CountSplit(int split, int sign)
    {
        if (Splits[split] is { } option)
        {
            var size = SizeOf(split);
            var added = _candidates[split].Added(option.Shape, size);
            Parameters += sign * added.Parameters;
            _savedMacs += sign * added.Macs;
            Bytes += sign * added.Bytes;
            Milliseconds += _latency is null ? 0 : sign * _latency.Added(_candidates[split].Layer.Node, size, option.Shape);
            TableTime += _times is null ? 0 : sign * (_candidates[split].TableTime(option.Shape, size) - _candidates[split].TableTime(null, size));
        }
    }
}
