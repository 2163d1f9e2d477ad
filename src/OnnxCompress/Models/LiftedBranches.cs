using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// Branches of If nodes that lie in the main graph while a model is worked on. The If node stays, with its condition and its other
/// branch, and hands on what the nodes of the branch make: the model computes what it did whenever it takes that branch.
/// </summary>
internal sealed class LiftedBranches
{
    private readonly List<LiftedBranch> _branches = [];

    // By tensor, the number of the branch that makes it, from 1; 0 for the main graph. What is not there is new.
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);

    /// <summary>Whether there are none.</summary>
    public bool IsEmpty => _branches.Count == 0;

    /// <summary>Parameters of branches that no input can take, which are left out.</summary>
    public long Unreachable { get; set; }

    /// <summary>The branch that was lifted out of a node; null where none was.</summary>
    public LiftedBranch? Of(GraphNode node) => node is { OpType: "If", Domain: "" } ? _branches.Find(b => node.Outputs.Contains(b.Output)) : null;

    /// <summary>Why weights in the branches of a node stay; null where nothing is known of them.</summary>
    public string? ReasonOf(string node) => _reasons.GetValueOrDefault(node);

    /// <summary>Notes why weights in the branches of a node stay.</summary>
    public void Explain(GraphNode node, string reason) => _reasons[node.Name] = reason;

    /// <summary>Moves the nodes and constants of a branch in front of its If node.</summary>
    /// <param name="graph">The main graph; edited in place.</param>
    /// <param name="node">The If node.</param>
    /// <param name="attribute">Which branch; it has no sparse constants.</param>
    /// <param name="isOnly">See <see cref="LiftedBranch.IsOnly"/>.</param>
    public void Lift(ModelGraph graph, GraphNode node, string attribute, bool isOnly)
    {
        var shell = Take(graph, node, attribute, out var nodes, out var constants, out var names);
        var carried = node.Proto.Attribute.First(a => a.Name == attribute);
        carried.G = new GraphProto { Name = shell.Name };
        foreach (var output in shell.Output)
        {
            var result = names.GetValueOrDefault(output.Name, output.Name);
            var handed = graph.UniqueName($"{result}/taken");
            carried.G.Node.Add(new NodeProto { OpType = "Identity", Name = handed, Input = { result }, Output = { handed } });
            carried.G.Output.Add(output.Clone());
            carried.G.Output[^1].Name = handed;
            Forget(carried.G.Output[^1]);
        }

        graph.Adopt(node, nodes, constants);
        graph.Index();
        var first = node.Outputs.First(o => o.Length > 0);
        _branches.Add(new LiftedBranch(first, attribute, shell, _places.GetValueOrDefault(first))
        {
            IsOnly = isOnly,
            Renamed = names.ToDictionary(n => n.Value, n => n.Key, StringComparer.Ordinal),
        });
        Place(nodes, constants, _branches.Count);
    }

    /// <summary>Puts the nodes and constants of a branch in place of its If node, whose condition the file decides.</summary>
    /// <param name="graph">The main graph; edited in place.</param>
    /// <param name="node">The If node.</param>
    /// <param name="attribute">Which branch; it has no sparse constants.</param>
    public void Inline(ModelGraph graph, GraphNode node, string attribute)
    {
        var place = _places.GetValueOrDefault(node.Outputs.First(o => o.Length > 0));
        var branch = Take(graph, node, attribute, out var nodes, out var constants, out var names);
        NodeProto[] handing =
        [
            .. node.Outputs.Zip(branch.Output, (output, made) => (Output: output, Result: names.GetValueOrDefault(made.Name, made.Name))).Where(pair => pair.Output.Length > 0)
                .Select(pair => new NodeProto { OpType = "Identity", Name = graph.UniqueName($"{node.Name}/{pair.Output}"), Input = { pair.Result }, Output = { pair.Output } }),
        ];
        graph.Adopt(node, [.. nodes, .. handing], constants);
        graph.Remove(node);
        graph.Index();
        graph.RemoveUnusedInitializers();
        Place(nodes, constants, place);
    }

    /// <summary>Notes what lies in the main graph by itself, once all branches are lifted.</summary>
    public void Close(ModelGraph graph)
    {
        foreach (var name in graph.Nodes.SelectMany(n => n.Outputs).Concat(graph.Initializers.Keys))
        {
            _places.TryAdd(name, 0);
        }
    }

    /// <summary>Puts every branch back into its If node, with what has become of its nodes and constants.</summary>
    /// <param name="model">The model, edited in place; look-ups of its graph must be made anew.</param>
    /// <param name="graph">Its graph as it stands.</param>
    public void Lower(ModelProto model, ModelGraph graph)
    {
        var (nodes, constants) = Places(graph);
        // Branches within others were lifted later, and go back first.
        for (var number = _branches.Count; number > 0; number--)
        {
            var branch = _branches[number - 1];
            if (graph.Producer(branch.Output) is not { } node)
            {
                // Nothing reads the If node any more, and so nothing reads what was in its branch.
                continue;
            }

            var lowered = branch.Shell.Clone();
            lowered.Node.AddRange(nodes[number].Select(n => n.Proto));
            lowered.Initializer.AddRange(constants[number]);
            if (branch.IsOnly)
            {
                // Nor may the other branch state what it would give: sizes of what it reads may be others by now.
                foreach (var other in node.Proto.Attribute.Where(a => a.G is not null && a.Name != branch.Attribute).Select(a => a.G))
                {
                    other.ValueInfo.Clear();
                    other.Output.ToList().ForEach(Forget);
                }
            }

            var (results, made) = (branch.Results(node), nodes[number].SelectMany(n => n.Outputs).Concat(constants[number].Select(c => c.Name)).ToHashSet(StringComparer.Ordinal));
            for (var i = 0; i < results.Count; i++)
            {
                lowered.Output[i].Name = made.Contains(results[i]) ? results[i] : Handed(branch.In(node).Node[i], lowered);
                if (branch.IsOnly)
                {
                    Forget(lowered.Output[i]);
                }
            }

            Restore(lowered, branch.Renamed);
            node.Proto.Attribute.First(a => a.Name == branch.Attribute).G = lowered;
        }

        Replace(model.Graph.Node, nodes[0].Select(n => n.Proto));
        Replace(model.Graph.Initializer, constants[0]);
    }

    /// <summary>Empties a branch; its nodes and constants bear names that nothing else does.</summary>
    private static GraphProto Take(
        ModelGraph graph, GraphNode node, string attribute, out NodeProto[] nodes, out TensorProto[] constants, out Dictionary<string, string> names)
    {
        var carried = node.Proto.Attribute.First(a => a.Name == attribute);
        var shell = carried.G;
        (nodes, constants) = ([.. shell.Node], [.. shell.Initializer]);
        shell.Node.Clear();
        shell.Initializer.Clear();
        shell.ValueInfo.Clear();

        // Names of the branch itself are not in its way any more.
        carried.G = new GraphProto();
        graph.Index();
        names = Names(graph, nodes, constants);
        GraphRenaming.Apply(nodes, names);
        foreach (var constant in constants)
        {
            constant.Name = names.GetValueOrDefault(constant.Name, constant.Name);
        }

        return shell;
    }

    private void Place(NodeProto[] nodes, TensorProto[] constants, int place)
    {
        foreach (var made in nodes.SelectMany(n => n.Output).Where(o => o.Length > 0).Concat(constants.Select(c => c.Name)))
        {
            _places[made] = place;
        }
    }

    /// <summary>New names of what would be there twice.</summary>
    private static Dictionary<string, string> Names(ModelGraph graph, NodeProto[] nodes, TensorProto[] constants)
    {
        string[] made = [.. nodes.SelectMany(n => n.Output).Where(o => o.Length > 0).Concat(constants.Select(c => c.Name))];
        // Nodes and tensors may bear one name, and then go on doing so.
        var names = made.Concat(nodes.Select(n => n.Name).Where(n => n.Length > 0)).Distinct(StringComparer.Ordinal).Select(name => (Old: name, New: graph.UniqueName(name)));
        return names.Where(n => n.Old != n.New).ToDictionary(n => n.Old, n => n.New, StringComparer.Ordinal);
    }

    /// <summary>What a branch gives back it must have made.</summary>
    private static string Handed(NodeProto identity, GraphProto branch)
    {
        branch.Node.Add(identity);
        return identity.Output[0];
    }

    /// <summary>Drops the shape that is declared, which may be another by now.</summary>
    private static void Forget(ValueInfoProto declared)
    {
        if (declared.Type?.TensorType is { } tensor)
        {
            tensor.Shape = null;
        }
    }

    private static void Restore(GraphProto branch, IReadOnlyDictionary<string, string> names)
    {
        GraphRenaming.Apply(branch.Node, names);
        foreach (var constant in branch.Initializer)
        {
            constant.Name = names.GetValueOrDefault(constant.Name, constant.Name);
        }

        foreach (var output in branch.Output)
        {
            output.Name = names.GetValueOrDefault(output.Name, output.Name);
        }
    }

    private static void Replace<T>(Google.Protobuf.Collections.RepeatedField<T> field, IEnumerable<T> by)
    {
        T[] all = [.. by];
        field.Clear();
        field.AddRange(all);
    }

    /// <summary>
    /// Nodes and constants of each branch, those of the main graph first. What was there when branches were lifted goes where it was;
    /// what is new goes as deep as all that reads it.
    /// </summary>
    private (List<GraphNode>[] Nodes, List<TensorProto>[] Constants) Places(ModelGraph graph)
    {
        var readers = new Dictionary<string, int>(StringComparer.Ordinal);
        void Read(string name, int place) => readers[name] = readers.TryGetValue(name, out var known) ? Common(known, place) : place;
        int? Place(string name) => (_places.TryGetValue(name, out var own), readers.TryGetValue(name, out var read)) switch
        {
            (true, true) => Common(own, read),
            (true, false) => own,
            (false, true) => read,
            _ => null,
        };
        foreach (var output in graph.Outputs)
        {
            Read(output.Name, 0);
        }

        var nodes = Enumerable.Range(0, _branches.Count + 1).Select(_ => new List<GraphNode>()).ToArray();
        foreach (var node in graph.Nodes.Reverse())
        {
            var place = node.Outputs.Where(o => o.Length > 0).Select(Place).OfType<int>().Aggregate((int?)null, (all, one) => all is { } known ? Common(known, one) : one) ?? 0;
            nodes[place].Add(node);
            foreach (var (name, reader) in Reads(node, place))
            {
                Read(name, reader);
            }
        }

        foreach (var list in nodes)
        {
            list.Reverse();
        }

        var constants = graph.Initializers.Values.ToLookup(c => graph.IsInput(c.Name) ? 0 : Place(c.Name) ?? 0, c => c.Proto);
        return (nodes, [.. Enumerable.Range(0, _branches.Count + 1).Select(number => constants[number].ToList())]);
    }

    private IEnumerable<(string Name, int Place)> Reads(GraphNode node, int place)
    {
        var lifted = Of(node);
        var inner = node.Proto.Attribute
            .SelectMany(a => (a.G is null ? a.Graphs : a.Graphs.Append(a.G)).Select(g => (Graph: g, Place: lifted is not null && a.Name == lifted.Attribute ? _branches.IndexOf(lifted) + 1 : place)))
            .SelectMany(a => GraphNode.FreeNames(a.Graph).Select(name => (name, a.Place)));
        return node.Inputs.Where(i => i.Length > 0).Select(i => (i, place)).Concat(inner);
    }

    /// <summary>The innermost graph that both lie in.</summary>
    private int Common(int first, int second)
    {
        // A branch has a higher number than the one around it.
        while (first != second)
        {
            (first, second) = first > second ? (_branches[first - 1].Around, second) : (first, _branches[second - 1].Around);
        }

        return first;
    }
}
