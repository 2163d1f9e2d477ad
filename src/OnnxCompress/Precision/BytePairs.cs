using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Puts QuantizeLinear and DequantizeLinear behind tensors, and lets their readers read what comes out.</summary>
/// <param name="graph">The graph; edited in place, and indexed afterwards.</param>
internal sealed class BytePairs(ModelGraph graph)
{
    private readonly Dictionary<string, (string Scale, string Zero)> _scales = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ByteScale> _byOutput = new(StringComparer.Ordinal);

    /// <summary>The scale of a tensor that a pair has made; null for others.</summary>
    public ByteScale? ScaleOf(string tensor) => _byOutput.TryGetValue(tensor, out var scale) ? scale : null;

    /// <summary>Adds the pairs of all tensors.</summary>
    /// <param name="places">The tensors.</param>
    /// <param name="scales">By root, what its bytes stand for.</param>
    public void Add(QuantisedPlaces places, IReadOnlyDictionary<string, ByteScale> scales)
    {
        foreach (var tensor in places.Tensors)
        {
            var root = places.RootOf(tensor);
            var (scale, zero) = Constants(root, scales[root]);
            var (bytes, read) = (graph.UniqueName($"{tensor}/q"), graph.UniqueName($"{tensor}/dq"));
            graph.ReplaceUses(tensor, read);
            graph.AddNode("QuantizeLinear", bytes, [tensor, scale, zero], [bytes]);
            graph.AddNode("DequantizeLinear", read, [bytes, scale, zero], [read]);
            _byOutput[read] = scales[root];
        }

        foreach (var group in places.Dynamic.GroupBy(map => map.Input, StringComparer.Ordinal).ToArray())
        {
            AddDynamic(group.Key, [.. group.Select(map => map.Node)]);
        }

        graph.Index();
    }

    private void AddDynamic(string tensor, GraphNode[] readers)
    {
        string Name(string what) => graph.UniqueName($"{tensor}/{what}");
        var (bytes, scale, zero, read) = (Name("q"), Name("s"), Name("z"), Name("dq"));
        foreach (var reader in readers)
        {
            reader.Proto.Input[0] = read;
        }

        graph.AddNode("DynamicQuantizeLinear", bytes, [tensor], [bytes, scale, zero]);
        graph.AddNode("DequantizeLinear", read, [bytes, scale, zero], [read]);
    }

    private (string Scale, string Zero) Constants(string root, ByteScale scale)
    {
        if (!_scales.TryGetValue(root, out var names))
        {
            names = (graph.UniqueName($"{root}/s"), graph.UniqueName($"{root}/z"));
            graph.AddInitializer(names.Scale, ElementType.Float, []).Write([], [scale.Scale]);
            graph.AddInitializer(names.Zero, ElementType.UInt8, []).WriteBytes([], [scale.Zero]);
            _scales.Add(root, names);
        }

        return names;
    }
}
