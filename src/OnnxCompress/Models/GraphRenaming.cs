using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>Gives tensors other names, in graphs that nodes carry too.</summary>
internal static class GraphRenaming
{
    /// <summary>Renames what nodes read and make.</summary>
    /// <param name="nodes">The nodes, edited in place.</param>
    /// <param name="names">By the old name, the new one; what is not there keeps its name.</param>
    public static void Apply(IEnumerable<NodeProto> nodes, IReadOnlyDictionary<string, string> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        foreach (var node in nodes)
        {
            node.Name = names.GetValueOrDefault(node.Name, node.Name);
            for (var i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = names.GetValueOrDefault(node.Input[i], node.Input[i]);
            }

            for (var i = 0; i < node.Output.Count; i++)
            {
                node.Output[i] = names.GetValueOrDefault(node.Output[i], node.Output[i]);
            }

            foreach (var graph in node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)))
            {
                Captured(graph, names);
            }
        }
    }

    /// <summary>Names that a graph makes itself hide those around it.</summary>
    private static void Captured(GraphProto graph, IReadOnlyDictionary<string, string> names)
    {
        var own = graph.Node.SelectMany(n => n.Output.Append(n.Name)).Concat(graph.Initializer.Select(i => i.Name)).Concat(graph.Input.Select(i => i.Name)).ToHashSet(StringComparer.Ordinal);
        var outer = names.Where(n => !own.Contains(n.Key)).ToDictionary(StringComparer.Ordinal);
        Apply(graph.Node, outer);
        foreach (var output in graph.Output)
        {
            output.Name = outer.GetValueOrDefault(output.Name, output.Name);
        }
    }
}
