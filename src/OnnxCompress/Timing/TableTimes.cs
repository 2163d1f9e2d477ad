using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Timing;

/// <summary>
/// About how long the layers of a model take of which some channels stay, by the table for this CPU (<see cref="VectorTimes"/>):
/// nothing is run, and every run says the same.
/// </summary>
internal sealed class TableTimes
{
    private readonly ModelAnalysis _analysis;
    private readonly IReadOnlyList<TimedPlace> _places;
    private readonly int _vector;

    private TableTimes(ModelAnalysis analysis, IReadOnlyList<TimedPlace> places, int vector) => (_analysis, _places, _vector) = (analysis, places, vector);

    /// <summary>Times of a model.</summary>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="vector">Channels in a vector.</param>
    /// <param name="batch">Samples in a run, unless the model fixes another number.</param>
    public static TableTimes Of(ModelAnalysis analysis, int vector, int batch = 1) =>
        new(analysis, [.. analysis.Relations.Graph.Nodes.Select(n => TimedPlace.Of(n, analysis, batch)).OfType<TimedPlace>()], vector);

    /// <summary>The time of the layers when some channels stay, none of them split.</summary>
    public double Of(Remaining remaining) => _places.Where(p => p.Stays(remaining)).Sum(p => VectorTimes.Of(new TimedChain(p.When(remaining)), _vector));

    /// <summary>The time of the layers when some channels stay and some layers are split.</summary>
    public double Of(Remaining remaining, IEnumerable<(GraphNode Layer, SplitShape Shape)> splits)
    {
        var shapes = splits.ToDictionary(s => s.Layer, s => s.Shape);
        return _places.Where(p => p.Stays(remaining)).Sum(p => p.When(remaining) is var node && shapes.TryGetValue(p.Node, out var shape) && node.Groups == 1 && shape.Groups == 1
            ? VectorTimes.Of(TimedChains.Of(node, shape), _vector)
            : VectorTimes.Of(new TimedChain(node), _vector));
    }

    /// <summary>For each of some disjoint sets of elements, the layers that depend on them.</summary>
    /// <param name="sets">Roots of the elements.</param>
    public TableTimes[] Parts(IReadOnlyList<IReadOnlyList<int>> sets)
    {
        var setOf = sets.Index().SelectMany(s => s.Item.Select(root => (root, s.Index))).ToDictionary(p => p.root, p => p.Index);
        IEnumerable<int> SetsOf(TimedPlace place) => new[] { place.InputAxis, place.OutputAxis }.OfType<IndexAxis>().Concat(place.Branches)
            .SelectMany(a => a.Ids).SelectMany(_analysis.Cost.Owners).Select(root => setOf.GetValueOrDefault(root, -1)).Where(s => s >= 0).Distinct();
        var places = _places.SelectMany(p => SetsOf(p).Select(s => (Set: s, Place: p))).ToLookup(p => p.Set, p => p.Place);
        return [.. sets.Select((_, s) => new TableTimes(_analysis, [.. places[s]], _vector))];
    }
}
