using System.Globalization;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Names for what is new in a graph.</summary>
/// <param name="graph">The graph.</param>
internal sealed class GraphNames(GraphProto graph)
{
    // The number behind the last name that was made of a wish, and names that were given away and may not be in the graph yet.
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _given = new(StringComparer.Ordinal);

    // Names of nodes, and all names in graphs that nodes carry: the runtime wants node names apart, and inner names hide outer ones.
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);

    /// <summary>A name that nothing bears yet and none was promised, as close to the wish as possible.</summary>
    /// <param name="wish">The wish.</param>
    /// <param name="isTensor">Whether a tensor of the graph bears a name.</param>
    public string Give(string wish, Predicate<string> isTensor)
    {
        bool IsTaken(string name) => isTensor(name) || _given.Contains(name) || _others.Contains(name);
        var name = wish;
        if (IsTaken(name))
        {
            // Many nodes may bear one name: each further wish goes on where the last one ended.
            var number = _numbers.GetValueOrDefault(wish, 1);
            do
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{wish}_{++number}");
            }
            while (IsTaken(name));
            _numbers[wish] = number;
        }

        _given.Add(name);
        return name;
    }

    /// <summary>Reads names that are no tensors of the graph anew; what was given away is in the graph by now, or was not used.</summary>
    public void Note()
    {
        _given.Clear();
        _others.Clear();
        _others.UnionWith(graph.Node.Select(n => n.Name));
        _others.UnionWith(graph.SparseInitializer.Select(s => s.Values?.Name ?? ""));
        var inner = new Stack<GraphProto>(graph.Node.SelectMany(Carried));
        while (inner.TryPop(out var next))
        {
            _others.UnionWith(next.Node.SelectMany(n => n.Output.Append(n.Name)));
            _others.UnionWith(next.Initializer.Select(i => i.Name).Concat(next.Input.Select(i => i.Name)));
            foreach (var carried in next.Node.SelectMany(Carried))
            {
                inner.Push(carried);
            }
        }
    }

    private static IEnumerable<GraphProto> Carried(NodeProto node) => node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G));
}
