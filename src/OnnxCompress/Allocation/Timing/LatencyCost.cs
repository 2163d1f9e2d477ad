using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Selection.LowRank;

namespace OnnxCompress.Allocation.Timing;

/// <summary>
/// What a model of which channels go and layers are split takes in the runtime: the sum over its convolutions and matrix
/// products, and for all else what the original takes. Channels that go make other nodes cheaper too; that is not
/// counted, so the true share is rather smaller than the predicted one. Not thread safe.
/// </summary>
internal sealed class LatencyCost
{
    private readonly INodeTimer _timer;
    private readonly ModelAnalysis _analysis;
    private readonly int? _alignment;
    private readonly CancellationToken _cancellation;
    private readonly IReadOnlyList<Place> _places;
    private readonly Dictionary<string, NodeTimeTable> _tables = new(StringComparer.Ordinal);
    private readonly double _rest;

    /// <summary>Times the layers of a model.</summary>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="candidates">The layers that may be split.</param>
    /// <param name="timer">Measures.</param>
    /// <param name="modelMilliseconds">One run of the whole model, measured by the same timer; null counts the layers alone.</param>
    /// <param name="alignment">Measured widths are multiples of this; null asks the table for this CPU.</param>
    /// <param name="cancellation">Stops measuring, also later on.</param>
    public LatencyCost(
        ModelAnalysis analysis, IReadOnlyList<SplitCandidate> candidates, INodeTimer timer, double? modelMilliseconds, int? alignment, CancellationToken cancellation)
    {
        (_analysis, _timer, _alignment, _cancellation) = (analysis, timer, alignment, cancellation);
        var splits = candidates.Select((c, i) => (c.Layer.Node.Name, Index: i)).ToDictionary(c => c.Name, c => c.Index, StringComparer.Ordinal);
        _places = [.. analysis.Relations.Graph.Nodes.Select(n => PlaceOf(n, splits)).OfType<Place>()];
        var layers = _places.Sum(p => TableOf(p.Whole, inputsStay: false).At(p.Whole.Inputs, p.Whole.Outputs));
        _rest = Math.Max(0, (modelMilliseconds ?? 0) - layers);
        WholeMilliseconds = _rest + layers;
    }

    /// <summary>Milliseconds of one run of the original.</summary>
    public double WholeMilliseconds { get; }

    /// <summary>Milliseconds of one run after a choice.</summary>
    /// <param name="isKept">Whether the root of an element stays.</param>
    /// <param name="splits">One entry for each candidate; null where the layer stays whole.</param>
    public double Milliseconds(Func<int, bool> isKept, IReadOnlyList<SplitOption?> splits)
    {
        var sum = _rest;
        foreach (var place in _places)
        {
            var remaining = Remaining(place, isKept);
            sum += place.Candidate is { } candidate && splits[candidate] is { } option
                ? Milliseconds(place, remaining, option.Shape)
                : TableOf(place.Whole, inputsStay: false).At(remaining.Inputs, remaining.Outputs);
        }

        return sum;
    }

    /// <summary>The splits of a candidate that are faster than the whole layer and not beaten in time and error by another.</summary>
    /// <param name="candidate">Which candidate.</param>
    /// <param name="options">Its splits.</param>
    public IReadOnlyList<SplitOption> Faster(int candidate, IReadOnlyList<SplitOption> options)
    {
        if (_places.FirstOrDefault(p => p.Candidate == candidate) is not { } place)
        {
            // A lookup takes next to nothing: no split of a table is faster.
            return [];
        }

        var least = Milliseconds(place, place.Whole, null);
        var faster = new List<SplitOption>();
        foreach (var (option, time) in options.Select(o => (Option: o, Time: Milliseconds(place, place.Whole, o.Shape))).OrderBy(o => o.Option.Error).ThenBy(o => o.Time))
        {
            if (time < least)
            {
                faster.Add(option);
                least = time;
            }
        }

        return faster;
    }

    /// <summary>
    /// Whether the thin layers of a split, measured as the chain they are, take less time than the layer: the last word
    /// on a plan that was made by tables.
    /// </summary>
    /// <param name="candidate">Which candidate.</param>
    /// <param name="shape">Its split.</param>
    /// <param name="isKept">Whether the root of an element stays.</param>
    public bool IsFaster(int candidate, SplitShape shape, Func<int, bool> isKept)
    {
        if (_places.FirstOrDefault(p => p.Candidate == candidate) is not { } place)
        {
            return false;
        }

        var remaining = Remaining(place, isKept);
        return _timer.Time([new TimedChain(remaining), TimedChains.Of(remaining, shape)], _cancellation) is [var whole, var chain] && chain < whole;
    }

    private double Milliseconds(Place place, TimedNode remaining, SplitShape? shape)
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
            var alignment = _alignment ?? WidthTable.AlignmentOf(Math.Max(largest.Inputs, largest.Outputs), largest.OpType == "Conv");
            _tables[key] = table = NodeTimeTable.Measure(_timer, largest, alignment, inputsStay, _cancellation);
        }

        return table;
    }

    private TimedNode Remaining(Place place, Func<int, bool> isKept)
    {
        int Kept(IndexAxis? axis, int otherwise) => axis is null ? otherwise : _analysis.Cost.Kept(axis, isKept);
        var outputs = Kept(place.OutputAxis, place.Whole.Outputs);
        return place.Whole.IsDepthwise
            ? place.Whole.With(outputs * place.Whole.Inputs / place.Whole.Outputs, outputs)
            : place.Whole.With(Kept(place.InputAxis, place.Whole.Inputs / place.Whole.Groups) * place.Whole.Groups, outputs);
    }

    private Place? PlaceOf(GraphNode node, Dictionary<string, int> splits)
    {
        if (TimedChains.Of(node, _analysis) is not { } whole)
        {
            return null;
        }

        var axes = _analysis.Relations.KnownAxes(node.Inputs[node.OpType == "MatMul" && whole.OutputsFirst ? 0 : 1]);
        var outputAxis = whole.OpType == "Conv" || whole.OutputsFirst ? 0 : 1;
        return new Place(
            whole, axes.ElementAtOrDefault(1 - outputAxis), axes.ElementAtOrDefault(outputAxis), splits.TryGetValue(node.Name, out var index) ? index : null);
    }

    /// <summary>A layer of the model: its size, the axes that may shrink, and which candidate it is.</summary>
    private sealed record Place(TimedNode Whole, IndexAxis? InputAxis, IndexAxis? OutputAxis, int? Candidate);
}
