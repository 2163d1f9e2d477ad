using OnnxCompress.Models;

namespace OnnxCompress.Dependencies;

/// <summary>Who reads constants, in the order of the model: groups are many in a deep network, and each asks for its own.</summary>
internal sealed class ConstantReaders
{
    private readonly ModelGraph _graph;
    private readonly Dictionary<GraphNode, int> _positions = new(ReferenceEqualityComparer.Instance);
    private readonly ILookup<string, (int Position, LinearLayer Layer)> _layers;

    /// <summary>Notes the order of nodes and layers.</summary>
    public ConstantReaders(Relations relations)
    {
        _graph = relations.Graph;
        foreach (var (position, node) in _graph.Nodes.Index())
        {
            _positions[node] = position;
        }

        _layers = relations.Layers.Index().ToLookup(l => l.Item.Weight, l => (l.Index, l.Item), StringComparer.Ordinal);
    }

    /// <summary>Layers with one of some weights.</summary>
    public LinearLayer[] Layers(IEnumerable<string> weights) =>
        [.. weights.SelectMany(w => _layers[w]).OrderBy(l => l.Position).Select(l => l.Layer)];

    /// <summary>Nodes that read one of some constants, subgraphs apart.</summary>
    public GraphNode[] Nodes(IEnumerable<string> constants) =>
        [.. constants.SelectMany(_graph.Uses).Where(u => u.Index != TensorUse.Captured).Select(u => u.Node).Distinct().OrderBy(n => _positions[n])];
}
