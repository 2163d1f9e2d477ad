using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// Every weight that a file holds: in the main graph, in the branches of its nodes, and in functions. One that several
/// nodes read is there once, as it is stored once.
/// </summary>
internal static class WeightWalk
{
    /// <summary>The weights of a model, those of the main graph first.</summary>
    public static IEnumerable<StoredWeight> All(ModelProto model) =>
    [
        .. Of(model.Graph, new HashSet<string>(), inside: null),
        .. model.Functions.SelectMany(f => Of(new GraphProto { Node = { f.Node } }, new HashSet<string>(), f.Name)),
    ];

    private static IEnumerable<StoredWeight> Of(GraphProto graph, IReadOnlySet<string> scales, string? inside)
    {
        var scaled = graph.Node.Where(n => n.OpType == "DynamicQuantizeLinear" && n.Output.Count > 1).Select(n => n.Output[1]).Concat(scales).ToHashSet(StringComparer.Ordinal);
        scaled.UnionWith(TableSteps(graph));
        var reads = Reads(graph.Node).ToLookup(r => r.Name, r => (r.Node, r.Index), StringComparer.Ordinal);
        foreach (var (name, type, elements, isSparse) in Constants(graph))
        {
            if (Weight(name, type, elements, isSparse, reads[name], scaled, inside) is { } weight)
            {
                yield return weight;
            }
        }

        foreach (var node in graph.Node)
        {
            foreach (var weight in Graphs(node).SelectMany(g => Of(g, scaled, inside ?? ModelGraph.NameOf(node))))
            {
                yield return weight;
            }
        }
    }

    /// <summary>Steps of tables in bytes: looked up beside the rows, cast to floats, that they are multiplied with.</summary>
    private static IEnumerable<string> TableSteps(GraphProto graph)
    {
        var makers = graph.Node.Where(n => n.Output.Count > 0 && n.OpType is "Gather" or "Cast").DistinctBy(n => n.Output[0]).ToDictionary(n => n.Output[0], StringComparer.Ordinal);
        NodeProto? Maker(string name, string opType) => makers.GetValueOrDefault(name) is { } maker && maker.OpType == opType ? maker : null;
        return
        [
            .. graph.Node.Where(n => n is { OpType: "Mul", Input.Count: 2 }).SelectMany(n => new[] { (n.Input[0], n.Input[1]), (n.Input[1], n.Input[0]) })
                .Where(pair => Maker(pair.Item1, "Cast") is { } cast && Maker(cast.Input[0], "Gather") is { } rows && Maker(pair.Item2, "Gather") is { } steps && steps.Input[1] == rows.Input[1])
                .Select(pair => makers[pair.Item2].Input[0]),
        ];
    }

    private static StoredWeight? Weight(
        string name, ElementType type, long elements, bool isSparse, IEnumerable<(GraphNode Node, int Index)> reads, HashSet<string> scaled, string? inside)
    {
        foreach (var (node, index) in reads)
        {
            if (WeightInputs.FormOf(node, index, type, scaled.Contains) is { } form)
            {
                return new StoredWeight(name, WeightInputs.Logical(node, index, type, elements), isSparse ? WeightForm.Sparse : form, inside, node);
            }
        }

        return null;
    }

    private static IEnumerable<(string Name, ElementType Type, long Elements, bool IsSparse)> Constants(GraphProto graph) =>
    [
        .. graph.Initializer.Select(t => (t.Name, (ElementType)t.DataType, Count(t), false)),
        .. graph.SparseInitializer.Where(s => s.Values is not null).Select(s => (s.Values.Name, (ElementType)s.Values.DataType, Count(s.Values), true)),
        .. graph.Node.Where(n => n is { OpType: "Constant", Domain: "" or "ai.onnx", Output.Count: > 0 }).SelectMany(n => n.Attribute.Select(a => Constant(n.Output[0], a)).OfType<(string, ElementType, long, bool)>()),
    ];

    private static (string Name, ElementType Type, long Elements, bool IsSparse)? Constant(string name, AttributeProto attribute) => attribute.Name switch
    {
        "value" when attribute.T is { } tensor => (name, (ElementType)tensor.DataType, Count(tensor), false),
        "sparse_value" when attribute.SparseTensor?.Values is { } values => (name, (ElementType)values.DataType, Count(values), true),
        "value_float" => (name, ElementType.Float, 1, false),
        "value_floats" => (name, ElementType.Float, attribute.Floats.Count, false),
        _ => null,
    };

    /// <summary>What nodes read, those in graphs that they carry included: there, what these graphs make themselves is left out.</summary>
    private static IEnumerable<(string Name, GraphNode Node, int Index)> Reads(IEnumerable<NodeProto> nodes)
    {
        foreach (var proto in nodes)
        {
            var node = new GraphNode(proto, ModelGraph.NameOf(proto));
            for (var i = 0; i < proto.Input.Count; i++)
            {
                yield return (proto.Input[i], node, i);
            }

            foreach (var graph in Graphs(proto))
            {
                var own = graph.Input.Select(i => i.Name).Concat(graph.Initializer.Select(i => i.Name)).Concat(graph.Node.SelectMany(n => n.Output)).ToHashSet(StringComparer.Ordinal);
                foreach (var read in Reads(graph.Node).Concat(graph.Output.Select(o => (o.Name, node, TensorUse.Captured))).Where(r => !own.Contains(r.Name)))
                {
                    yield return read;
                }
            }
        }
    }

    private static IEnumerable<GraphProto> Graphs(NodeProto node) => node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G));

    private static long Count(TensorProto tensor) => new Initializer(tensor).Count;
}
