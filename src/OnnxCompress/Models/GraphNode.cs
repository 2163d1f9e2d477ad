using System.Text;
using Google.Protobuf;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>One operator call of a graph: a view of the protobuf node that reads and edits it in place.</summary>
internal sealed class GraphNode
{
    internal GraphNode(NodeProto proto, string name) => (Proto, Name) = (proto, name);

    /// <summary>The node's name; when the model gives none, one made from its operator and first output.</summary>
    public string Name { get; }

    /// <summary>Operator, for instance <c>Conv</c>.</summary>
    public string OpType => Proto.OpType;

    /// <summary>Domain of the operator; empty for the standard one.</summary>
    public string Domain => Proto.Domain == "ai.onnx" ? "" : Proto.Domain;

    /// <summary>Names of the inputs; an empty name is an input left out.</summary>
    public IReadOnlyList<string> Inputs => Proto.Input;

    /// <summary>Names of the outputs; an empty name is an output left out.</summary>
    public IReadOnlyList<string> Outputs => Proto.Output;

    /// <summary>Whether the node carries graphs (If, Loop, Scan).</summary>
    public bool HasSubgraph => Proto.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0);

    internal NodeProto Proto { get; }

    /// <summary>Name of input <paramref name="index"/>, or null when it is left out.</summary>
    public string? Input(int index) => index < Proto.Input.Count && Proto.Input[index].Length > 0 ? Proto.Input[index] : null;

    /// <summary>Whether the attribute is present.</summary>
    public bool Has(string attribute) => Find(attribute) is not null;

    /// <summary>An integer attribute.</summary>
    public long Int(string attribute, long otherwise) => Find(attribute)?.I ?? otherwise;

    /// <summary>A float attribute.</summary>
    public float Float(string attribute, float otherwise) => Find(attribute)?.F ?? otherwise;

    /// <summary>A list of integers; empty when absent.</summary>
    public IReadOnlyList<long> Ints(string attribute) => Find(attribute)?.Ints ?? (IReadOnlyList<long>)[];

    /// <summary>A text attribute.</summary>
    public string Text(string attribute, string otherwise) =>
        Find(attribute) is { } found ? Encoding.UTF8.GetString(found.S.Span) : otherwise;

    /// <summary>Removes an attribute if it is there.</summary>
    public void Remove(string attribute)
    {
        if (Find(attribute) is { } found)
        {
            Proto.Attribute.Remove(found);
        }
    }

    /// <summary>Adds copies of another node's attributes.</summary>
    /// <param name="from">The other node.</param>
    /// <param name="except">Names to leave out.</param>
    public void CopyAttributes(GraphNode from, params string[] except) =>
        Proto.Attribute.AddRange(from.Proto.Attribute.Where(a => !except.Contains(a.Name)).Select(a => a.Clone()));

    /// <summary>Sets an integer attribute.</summary>
    public void SetInt(string attribute, long value)
    {
        var found = Find(attribute) ?? Append(attribute);
        found.Type = AttributeProto.Types.AttributeType.Int;
        found.I = value;
    }

    /// <summary>Sets a number.</summary>
    public void SetFloat(string attribute, float value)
    {
        var found = Find(attribute) ?? Append(attribute);
        found.Type = AttributeProto.Types.AttributeType.Float;
        found.F = value;
    }

    /// <summary>Sets a list of integers.</summary>
    public void SetInts(string attribute, IEnumerable<long> values)
    {
        var found = Find(attribute) ?? Append(attribute);
        found.Type = AttributeProto.Types.AttributeType.Ints;
        found.Ints.Clear();
        found.Ints.AddRange(values);
    }

    /// <summary>Sets a text attribute.</summary>
    public void SetText(string attribute, string value)
    {
        var found = Find(attribute) ?? Append(attribute);
        found.Type = AttributeProto.Types.AttributeType.String;
        found.S = ByteString.CopyFromUtf8(value);
    }

    /// <summary>The tensor an attribute carries (Constant nodes), or null.</summary>
    public Initializer? Tensor(string attribute) => Find(attribute)?.T is { } tensor ? new Initializer(tensor, Proto.Output.FirstOrDefault()) : null;

    /// <summary>Names that subgraphs read from the graph around them.</summary>
    public IEnumerable<string> CapturedNames() =>
        Proto.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)).SelectMany(FreeNames);

    /// <inheritdoc />
    public override string ToString() => $"{Name} ({OpType})";

    /// <summary>Names that a graph reads and does not make.</summary>
    public static HashSet<string> FreeNames(GraphProto graph)
    {
        var free = graph.Node
            .SelectMany(n => n.Input.Concat(n.Attribute
                .SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G))
                .SelectMany(FreeNames)))
            .Concat(graph.Output.Select(o => o.Name))
            .Where(name => name.Length > 0)
            .ToHashSet(StringComparer.Ordinal);
        free.ExceptWith(graph.Node.SelectMany(n => n.Output));
        free.ExceptWith(graph.Initializer.Select(i => i.Name));
        free.ExceptWith(graph.Input.Select(i => i.Name));
        return free;
    }

    private AttributeProto? Find(string attribute)
    {
        // Nodes have a handful of attributes: a dictionary would cost more than it saves.
        foreach (var candidate in Proto.Attribute)
        {
            if (candidate.Name == attribute)
            {
                return candidate;
            }
        }

        return null;
    }

    private AttributeProto Append(string attribute)
    {
        var added = new AttributeProto { Name = attribute };
        Proto.Attribute.Add(added);
        return added;
    }
}
