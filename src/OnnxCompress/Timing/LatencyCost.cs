using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>
/// What a model of which channels go and layers are split takes in the runtime: the sum over its convolutions and matrix
/// products, and for all else what the original takes, in proportion to the values that the other nodes write. How these
/// parts add up is corrected by models of plans that were measured. Not thread safe.
/// </summary>
internal sealed class LatencyCost
{
    private readonly INodeTimer _timer;
    private readonly ModelAnalysis _analysis;
    private readonly int? _alignment;
    private readonly CancellationToken _cancellation;
    private readonly IReadOnlyList<TimedPlace> _places;
    private readonly Dictionary<GraphNode, TimedPlace> _placeOf;
    private readonly IReadOnlyList<WrittenValues> _others;
    private readonly Dictionary<string, NodeTimeTable> _tables;
    private readonly Dictionary<(GraphNode Layer, int Inputs, int Outputs, SplitShape? Shape), double> _times;
    private readonly Dictionary<(GraphNode Layer, int Inputs, int Outputs, SplitShape? Shape), double> _prices = [];
    private readonly double _rest, _written;

    /// <summary>Times the layers of a model.</summary>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="timer">Measures.</param>
    /// <param name="modelMilliseconds">One run of the whole model, measured by the same timer; null counts the layers alone.</param>
    /// <param name="alignment">Measured widths are multiples of this; null asks the table for this CPU.</param>
    /// <param name="cancellation">Stops measuring, also later on.</param>
    /// <param name="batch">Samples in a run, unless the model fixes another number.</param>
    /// <param name="inBytes">Whether layers are in 8 bits.</param>
    public LatencyCost(ModelAnalysis analysis, INodeTimer timer, double? modelMilliseconds, int? alignment, CancellationToken cancellation, int batch = 1, bool inBytes = false)
    {
        (_analysis, _timer, _alignment, _cancellation) = (analysis, timer, alignment, cancellation);
        (_tables, _times) = (new(StringComparer.Ordinal), []);
        var nodes = analysis.Relations.Graph.Nodes.Select(n => (Node: n, Place: TimedPlace.Of(n, analysis, batch, inBytes))).ToArray();
        _places = [.. nodes.Select(n => n.Place).OfType<TimedPlace>()];
        _placeOf = nodes.Where(n => n.Place is not null).ToDictionary(n => n.Node, n => n.Place!);
        _others = [.. nodes.Where(n => n.Place is null).SelectMany(n => n.Node.Outputs).Select(Written).Where(w => w.Values > 0)];
        _written = _others.Sum(w => w.Values);
        var layers = _places.Sum(p => TableOf(p.Whole, inputsStay: false).At(p.Whole.Inputs, p.Whole.Outputs));
        _rest = Math.Max(0, (modelMilliseconds ?? 0) - layers);
        WholeMilliseconds = _rest + layers;
    }

    /// <summary>The same tables, weighed in another way.</summary>
    private LatencyCost(LatencyCost tabled, TimeWeights weights)
    {
        (_analysis, _timer, _alignment, _cancellation) = (tabled._analysis, tabled._timer, tabled._alignment, tabled._cancellation);
        (_places, _placeOf, _others, _written, _rest) = (tabled._places, tabled._placeOf, tabled._others, tabled._written, tabled._rest);
        (_tables, _times, WholeMilliseconds, Weights) = (tabled._tables, tabled._times, tabled.WholeMilliseconds, weights);
    }

    /// <summary>Milliseconds of one run of the original.</summary>
    public double WholeMilliseconds { get; }

    /// <summary>How the parts of the model add up.</summary>
    public TimeWeights Weights { get; } = TimeWeights.None;

    /// <summary>The same with the parts of the model weighed as models that were measured show.</summary>
    /// <param name="seen">Of each what tables say, and the share of the original's time that it takes.</param>
    public LatencyCost Calibrated(IReadOnlyList<(TimeParts Parts, double Share)> seen) => new(this, TimeWeights.Fit(seen, WholeMilliseconds));

    /// <summary>Milliseconds of one run of which some channels stay, no layer split.</summary>
    public double Milliseconds(Remaining remaining) => Weighted(_places, _others, remaining) + Weights.Fixed;

    /// <summary>What tables say of a choice.</summary>
    /// <param name="remaining">What stays.</param>
    /// <param name="splits">The layers that are split.</param>
    public TimeParts PartsOf(Remaining remaining, IEnumerable<(GraphNode Layer, SplitShape Shape)> splits)
    {
        var shapes = splits.ToDictionary(s => s.Layer, s => s.Shape);
        var (layers, chains) = (0.0, 0.0);
        foreach (var place in _places.Where(p => p.Stays(remaining)))
        {
            var shape = shapes.GetValueOrDefault(place.Node);
            var time = Tabled(place, place.When(remaining), shape);
            (layers, chains) = shape is null ? (layers + time, chains) : (layers, chains + time);
        }

        return new(layers, chains, OthersOf(_others, remaining));
    }

    /// <summary>The share of the original's time that a choice takes.</summary>
    /// <param name="parts">What tables say of it.</param>
    public double ShareOf(TimeParts parts) => Weights.Of(parts) / WholeMilliseconds;

    /// <summary>For each of some disjoint sets of elements, the milliseconds of all that depends on them, no layer split.</summary>
    /// <param name="sets">Roots of the elements.</param>
    public Func<Remaining, double>[] Parts(IReadOnlyList<IReadOnlyList<int>> sets)
    {
        var setOf = sets.Index().SelectMany(s => s.Item.Select(root => (root, s.Index))).ToDictionary(p => p.root, p => p.Index);
        IEnumerable<int> SetsOf(IEnumerable<IndexAxis?> axes) =>
            axes.OfType<IndexAxis>().SelectMany(a => a.Ids).SelectMany(_analysis.Cost.Owners).Select(root => setOf.GetValueOrDefault(root, -1)).Where(s => s >= 0).Distinct();
        var places = _places.SelectMany(p => SetsOf([p.InputAxis, p.OutputAxis, .. p.Branches]).Select(s => (Set: s, Place: p))).ToLookup(p => p.Set, p => p.Place);
        var others = _others.SelectMany(o => SetsOf(o.Axes).Select(s => (Set: s, Other: o))).ToLookup(p => p.Set, p => p.Other);
        return [.. sets.Select((_, s) => (TimedPlace[])[.. places[s]]).Zip(sets.Select((_, s) => (WrittenValues[])[.. others[s]]), (p, o) => (Func<Remaining, double>)(remaining => Weighted(p, o, remaining)))];
    }

    /// <summary>Milliseconds that a split adds to those of its layer; less than nothing where it is faster.</summary>
    /// <param name="layer">Its node.</param>
    /// <param name="remaining">What stays of it.</param>
    /// <param name="shape">Its split.</param>
    public double Added(GraphNode layer, LayerSize remaining, SplitShape shape) => !_placeOf.TryGetValue(layer, out var place) ? 0
        : place.Whole.With(remaining.Inputs, remaining.Outputs) is var node ? Milliseconds(place, node, shape) - Milliseconds(place, node, null) : 0;

    /// <summary>Milliseconds of one run after a choice.</summary>
    /// <param name="remaining">What stays.</param>
    /// <param name="splits">The layers that are split.</param>
    public double Milliseconds(Remaining remaining, IEnumerable<(GraphNode Layer, SplitShape Shape)> splits) => Weights.Of(PartsOf(remaining, splits));

    /// <summary>
    /// Milliseconds of a layer of which some channels stay, whole or split; infinite for a split that is not faster than
    /// the layer. Looking rows of a table up takes next to nothing, so no split of it is faster.
    /// </summary>
    /// <param name="layer">Its node.</param>
    /// <param name="remaining">What stays of it.</param>
    /// <param name="shape">Its split; null for the whole layer.</param>
    public double Price(GraphNode layer, LayerSize remaining, SplitShape? shape)
    {
        if (remaining.Outputs == 0 || !_placeOf.TryGetValue(layer, out var place))
        {
            return shape is null ? 0 : double.PositiveInfinity;
        }

        var key = (layer, remaining.Inputs, remaining.Outputs, shape);
        if (!_prices.TryGetValue(key, out var price))
        {
            price = Milliseconds(place, place.Whole.With(remaining.Inputs, remaining.Outputs), shape);
            _prices[key] = price = shape is not null && price >= Price(layer, remaining, null) ? double.PositiveInfinity : price;
        }

        return price;
    }

    /// <summary>
    /// Whether the thin layers of a split, measured as the chain they are, take less time than the layer: what
    /// tables are checked against.
    /// </summary>
    /// <param name="layer">Its node.</param>
    /// <param name="shape">Its split.</param>
    /// <param name="remaining">What stays.</param>
    public bool IsFaster(GraphNode layer, SplitShape shape, Remaining remaining)
    {
        if (!_placeOf.TryGetValue(layer, out var place))
        {
            return false;
        }

        var node = place.When(remaining);
        return _timer.Time([new TimedChain(node), TimedChains.Of(node, shape)], _cancellation) is [var whole, var chain] && chain < whole;
    }

    private double Weighted(IReadOnlyList<TimedPlace> places, IReadOnlyList<WrittenValues> others, Remaining remaining) =>
        places.Where(p => p.Stays(remaining)).Sum(p => Milliseconds(p, p.When(remaining), null)) + (Weights.Others * OthersOf(others, remaining));

    /// <summary>Nodes whose time is not known by their sizes share what the model takes beyond the layers, by the values that they write.</summary>
    private double OthersOf(IReadOnlyList<WrittenValues> others, Remaining remaining) => _written == 0 ? _rest : _rest * others.Sum(o => o.When(remaining)) / _written;

    private double Milliseconds(TimedPlace place, TimedNode remaining, SplitShape? shape) => (shape is null ? Weights.Layers : Weights.Splits) * Tabled(place, remaining, shape);

    private double Tabled(TimedPlace place, TimedNode remaining, SplitShape? shape)
    {
        var key = (place.Node, remaining.Inputs, remaining.Outputs, shape);
        if (!_times.TryGetValue(key, out var time))
        {
            _times[key] = time = Look(place, remaining, shape);
        }

        return time;
    }

    private double Look(TimedPlace place, TimedNode remaining, SplitShape? shape)
    {
        if (shape is null)
        {
            return TableOf(place.Whole, inputsStay: false).At(remaining.Inputs, remaining.Outputs);
        }

        var largest = TimedChains.Of(place.Whole, LargestOf(place.Whole, shape)).Nodes;
        return TimedChains.Of(remaining, shape).Nodes.Select((node, i) =>
            TableOf(largest[i], inputsStay: largest[i].Groups > 1).At(node.Inputs, node.Outputs)).Sum();
    }

    /// <summary>The widest split of a form, so that all its ranks share their tables, and those of a first factor the layer's own.</summary>
    private static SplitShape LargestOf(TimedNode whole, SplitShape shape) => shape.Form switch
    {
        SplitForm.Input => shape with { Rank = whole.Inputs },
        SplitForm.Tucker => shape with { Rank = whole.Outputs, InnerRank = whole.Inputs },
        SplitForm.Spatial => shape with { Rank = Math.Max(shape.Rank, Math.Max(whole.Inputs, whole.Outputs)) },
        _ => shape with { Rank = Math.Max(shape.Rank, whole.Outputs / shape.Groups) },
    };

    private NodeTimeTable TableOf(TimedNode largest, bool inputsStay)
    {
        var key = inputsStay ? $"{largest.Key} outputs only" : largest.Key;
        if (!_tables.TryGetValue(key, out var table))
        {
            var alignment = _alignment ?? WidthTable.AlignmentOf(Math.Max(largest.Inputs, largest.Outputs), largest.Kernel.Count > 0);
            _tables[key] = table = NodeTimeTable.Measure(_timer, largest, alignment, inputsStay, _cancellation);
        }

        return table;
    }

    private WrittenValues Written(string tensor) => new(
        _analysis.Relations.Shapes.Of(tensor) is { } shape ? shape.Aggregate(1.0, (product, d) => product * d) : 0,
        [.. _analysis.Relations.KnownAxes(tensor).OfType<IndexAxis>(), .. _analysis.BranchesOf[_analysis.Relations.Graph.Producer(tensor)?.Name ?? ""]]);

    /// <summary>What a node writes whose time is not known by its sizes.</summary>
    /// <param name="Values">How many.</param>
    /// <param name="Axes">Axes that may lose channels.</param>
    private sealed record WrittenValues(double Values, IndexAxis[] Axes)
    {
        public double When(Remaining remaining) => Axes.Aggregate(Values, (product, axis) => product * remaining.Kept(axis) / axis.Length);
    }
}
