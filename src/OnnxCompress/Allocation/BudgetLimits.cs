using System.Globalization;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Selection;
using OnnxCompress.Timing;

namespace OnnxCompress.Allocation;

/// <summary>A budget as limits on the true cost of a model.</summary>
internal sealed class BudgetLimits
{
    private readonly CostModel _cost;
    private readonly Dictionary<int, (int Site, int Channel)> _siteOf = [];
    private readonly IReadOnlyList<Limit> _limits, _prices;
    private readonly LatencyCost? _measured;
    private readonly CostParts _parts;
    private readonly double _tableTime;

    /// <summary>Prepares the limits.</summary>
    /// <param name="groups">The groups that <see cref="Allocated.Kept"/> speaks of.</param>
    /// <param name="splits">The layers that <see cref="Allocated.Splits"/> speaks of.</param>
    /// <param name="cost">What the model costs as a function of its channels.</param>
    /// <param name="bytes">Bytes of the model that plans are for, as a file.</param>
    /// <param name="budget">What it may cost.</param>
    /// <param name="latency">What the model takes in the runtime; needed where the budget limits that.</param>
    /// <param name="original">What limits are shares of; null: the model that plans are for.</param>
    /// <param name="table">About how long layers take, by the table for this CPU; null leaves time out.</param>
    /// <param name="reserve">What the finished model has beyond what choices cost: of the limits, as much is left free. Null for nothing.</param>
    // Many parameters: what may be cut, what it costs, and what it may cost, each from another stage.
    public BudgetLimits(
        IReadOnlyList<ChannelGroup> groups, IReadOnlyList<SplitCandidate> splits, CostModel cost, long bytes, Budget budget, LatencyCost? latency = null,
        ModelCost? original = null, ModelCost? reserve = null, TableTimes? table = null)
    {
        _cost = cost;
        for (var s = 0; s < groups.Count; s++)
        {
            for (var c = 0; c < groups[s].Channels; c++)
            {
                _siteOf[groups[s].Atoms[c]] = (s, c);
            }
        }

        // Operations say little about the time of thin layers, and nothing about that of depthwise ones, so where they are limited both are prices.
        var isPricedByOperations = budget is { KeepLatency: not null, IsPricedByOperations: true };
        var times = isPricedByOperations || budget is { KeepMacs: not null, KeepLatency: null } ? table : null;
        IReadOnlyList<int>[] atoms = [.. groups.Select(g => g.Atoms)];
        _parts = new(cost, cost.Parts(atoms), splits, splits.Index()
            .SelectMany(c => c.Item.Roots().Where(_siteOf.ContainsKey).Select(root => _siteOf[root].Site).Distinct().Select(site => (Site: site, Split: c.Index)))
            .ToLookup(p => p.Site, p => p.Split))
        {
            Times = times,
            TimeParts = times?.Parts(atoms) ?? [],
            Latency = budget.KeepLatency is null ? null : latency,
            LatencyParts = budget.KeepLatency is null || latency is null ? [] : latency.Parts(atoms),
        };
        _tableTime = times?.Of(cost.Whole) ?? 0;
        original ??= new ModelCost(cost.Parameters(cost.Whole), cost.Macs(cost.Whole), bytes);
        _limits = [.. Limits(budget, _parts, bytes, latency, original, reserve ?? ModelCost.None)];
        _prices = isPricedByOperations
            ? [.. Limits(budget with { KeepLatency = null, KeepMacs = budget.KeepMacs ?? 1 }, _parts, bytes, null, original, ModelCost.None)]
            : _limits;
        // Whatever the price is, no split may be slower than its layer where time is limited.
        _measured = isPricedByOperations ? latency : null;
    }

    /// <summary>
    /// What a split of a layer costs under this budget, or the whole layer for null: the sum of its shares of all limits,
    /// so that a layer that has no part in the one is judged by the other. Where operations are limited, its share of the time by
    /// the table is added. Infinite for a split that makes the layer slower where time is limited.
    /// </summary>
    /// <param name="candidate">The layer.</param>
    /// <param name="remaining">What stays of it.</param>
    /// <param name="shape">Its split.</param>
    public double Price(SplitCandidate candidate, LayerSize remaining, SplitShape? shape)
    {
        if (remaining.Outputs == 0)
        {
            return 0;
        }

        var cost = shape is null ? SplitCost.Whole(remaining) : SplitCost.Of(shape, remaining);
        if (shape is not null && _measured?.Price(candidate.Layer.Node, remaining, shape) == double.PositiveInfinity)
        {
            return double.PositiveInfinity;
        }

        var time = _tableTime > 0 ? candidate.TableTime(shape, remaining) / _tableTime : 0;
        return time + _prices.Sum(l => l.Price(candidate, remaining, shape, cost) / Math.Max(l.Most, double.Epsilon));
    }

    /// <summary>
    /// What all that depends on a group costs under this budget when some of its channels stay, and all else is whole: the
    /// sum of its shares of all limits, and where operations are limited of the time by the table.
    /// </summary>
    /// <param name="group">Index of the group.</param>
    /// <param name="kept">Its channels that stay.</param>
    public double Price(int group, bool[] kept)
    {
        var remaining = _cost.When(root => !_siteOf.TryGetValue(root, out var at) || at.Site != group || kept[at.Channel]);
        var time = _tableTime > 0 ? _parts.TimeParts[group].Of(remaining) / _tableTime : 0;
        return time + _prices.Sum(l => l.Part(group, remaining) / Math.Max(l.Most, double.Epsilon));
    }

    /// <summary>Whether every limit holds.</summary>
    public bool Allow(Allocated allocated) => Allow(Follow(allocated));

    /// <summary>Whether every limit holds for an allocation that is changed step by step.</summary>
    public bool Allow(RunningCost running) => _limits.All(l => l.Cost(running) <= l.Most);

    /// <summary>An allocation whose cost follows its changes.</summary>
    public RunningCost Follow(Allocated start) => new(_parts, When, start);

    /// <summary>What stays of the model when some channels of every group do.</summary>
    public Remaining When(IReadOnlyList<bool[]> kept) =>
        _siteOf.Count == 0 ? _cost.Whole : _cost.When(root => !_siteOf.TryGetValue(root, out var at) || kept[at.Site][at.Channel]);

    /// <summary>Fails when even the smallest model is too large.</summary>
    /// <exception cref="OnnxCompressException">OCX5001.</exception>
    public void RequireReachable(Allocated smallest)
    {
        var least = Follow(smallest);
        foreach (var limit in _limits.Where(l => l.Cost(least) > l.Most))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.BudgetOutOfReach,
                $"{limit.Option} asks for at most {limit.Text(limit.Most)}, but with everything removed that can be, {limit.Text(limit.Cost(least))} are left. {Smallest(limit, limit.Cost(least))}");
        }
    }

    // Rounded up, so that what is said here is in reach when it is asked for.
    private static string Smallest(Limit limit, double least)
    {
        var share = Math.Ceiling(1000 * (((least + limit.Reserve) / limit.Original) - 1e-9)) / 1000;
        return share < 1
            ? string.Create(CultureInfo.InvariantCulture, $"The smallest budget within reach is {limit.Option} {share:0.###}, which may cost decisions; 'inspect' says what is refused.")
            : "No budget of this kind is within reach; 'inspect' says what is refused.";
    }

    private static IEnumerable<Limit> Limits(Budget budget, CostParts parts, long bytes, LatencyCost? latency, ModelCost original, ModelCost reserve)
    {
        if (budget.KeepParameters is { } ofParameters)
        {
            yield return Counted(
                "--keep-params", Math.Floor(ofParameters * original.Parameters) - reserve.Parameters, r => r.Parameters, (group, remaining) => parts.Parts[group].Parameters(remaining),
                c => c.Parameters, original.Parameters, reserve.Parameters);
        }

        if (budget.KeepMacs is { } ofMacs)
        {
            yield return Counted("--keep-macs", Math.Floor(ofMacs * original.Macs) - reserve.Macs, r => r.Macs, (group, remaining) => parts.Parts[group].Macs(remaining), c => c.Macs, original.Macs, reserve.Macs);
        }

        if (budget.KeepBytes is { } ofBytes)
        {
            var constants = parts.Cost.Bytes(parts.Cost.Whole);
            yield return new(
                "--keep-bytes",
                Math.Floor(ofBytes * original.Bytes) - reserve.Bytes,
                r => bytes - constants + r.Bytes,
                (group, remaining) => parts.Parts[group].Bytes(remaining),
                (candidate, _, _, c) => (c.Parameters * candidate.BytesPerElement) + ((c.Nodes - 1) * SplitCost.BytesPerNode),
                Whole,
                original.Bytes,
                reserve.Bytes);
        }

        if (budget.KeepLatency is { } ofLatency)
        {
            var time = latency ?? throw new ArgumentException("A limit on latency needs times.", nameof(latency));
            yield return new(
                "--keep-latency",
                ofLatency * time.WholeMilliseconds,
                r => r.Milliseconds,
                (group, remaining) => parts.LatencyParts[group](remaining),
                (candidate, remaining, shape, _) => time.Price(candidate.Layer.Node, remaining, shape),
                ms => string.Create(CultureInfo.InvariantCulture, $"{ms:G3} ms"),
                time.WholeMilliseconds,
                0);
        }
    }

    private static Limit Counted(
        string option, double most, Func<RunningCost, double> cost, Func<int, Remaining, double> part, Func<SplitCost, double> price, double original, double reserve) =>
        new(option, most, cost, part, (_, _, _, c) => price(c), Whole, original, reserve);

    private static string Whole(double count) => count.ToString("F0", CultureInfo.InvariantCulture);

    /// <summary>One limit.</summary>
    /// <param name="Option">The option that set it.</param>
    /// <param name="Most">What is allowed.</param>
    /// <param name="Cost">What a choice costs.</param>
    /// <param name="Part">What all that depends on a group costs, not split.</param>
    /// <param name="Price">What one layer costs, of which some stays, split or whole.</param>
    /// <param name="Text">How a cost is written.</param>
    /// <param name="Original">What the original costs.</param>
    /// <param name="Reserve">What the finished model costs beyond what is chosen here.</param>
    private sealed record Limit(
        string Option,
        double Most,
        Func<RunningCost, double> Cost,
        Func<int, Remaining, double> Part,
        Func<SplitCandidate, LayerSize, SplitShape?, SplitCost, double> Price,
        Func<double, string> Text,
        double Original,
        double Reserve);
}
