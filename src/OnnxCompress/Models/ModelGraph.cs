using System.Runtime.InteropServices;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models.Protos;

namespace OnnxCompress.Models;

/// <summary>
/// The main graph of a model: nodes in an order in which they can run, constants, inputs, outputs, and who makes and
/// reads each tensor. Edits go to the protobuf underneath at once.
/// </summary>
internal sealed class ModelGraph
{
    private readonly GraphProto _proto;
    private readonly Dictionary<string, Initializer> _initializers = new(StringComparer.Ordinal);
    private readonly List<GraphNode> _nodes = [];
    private readonly Dictionary<string, GraphNode> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<TensorUse>> _uses = new(StringComparer.Ordinal);

    // Names of inputs and outputs, and how many entries of the graph they were read from.
    private readonly NameSet _inputNames;
    private readonly NameSet _outputNames;

    // Edits wait for Index, which carries them all out in one pass: by reference, since two nodes may well have equal contents.
    private readonly HashSet<NodeProto> _removed = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<NodeProto, List<NodeProto>> _inserted = new(ReferenceEqualityComparer.Instance);

    private readonly GraphNames _names;

    internal ModelGraph(GraphProto proto)
    {
        _proto = proto;
        _inputNames = new NameSet(proto.Input);
        _outputNames = new NameSet(proto.Output);
        _names = new GraphNames(proto);
        foreach (var tensor in proto.Initializer)
        {
            if (!_initializers.TryAdd(tensor.Name, new Initializer(tensor)))
            {
                throw Inconsistent($"the initializer '{tensor.Name}' is there twice");
            }
        }

        Index();
    }

    /// <summary>Every node after the nodes it reads from.</summary>
    public IReadOnlyList<GraphNode> Nodes => _nodes;

    /// <summary>Constants by name, without those that Constant nodes carry.</summary>
    public IReadOnlyDictionary<string, Initializer> Initializers => _initializers;

    /// <summary>Inputs that must be fed.</summary>
    public IReadOnlyList<TensorInfo> Inputs => 
    [
        .. _proto.Input.Where(i => !_initializers.ContainsKey(i.Name)).Select(TensorDeclarations.Read)
            .Select(input => input.Type == ElementType.Text ? input with { OnlyPassesThrough = StringUses.OnlyPass(this, input.Name) } : input)
            .Select(input => FixedBatches.IsNone(input, Outputs) ? input with { HasNoBatch = true } : input),
    ];

    /// <summary>Outputs of the model.</summary>
    public IReadOnlyList<TensorInfo> Outputs => [.. _proto.Output.Select(TensorDeclarations.Read)];

    /// <summary>Whether the name is listed among the graph's inputs, as an initializer may be too (a default value).</summary>
    public bool IsInput(string name) => _inputNames.Contains(name);

    /// <summary>Whether the tensor leaves the model.</summary>
    public bool IsOutput(string name) => _outputNames.Contains(name);

    /// <summary>The node that makes the tensor, or null for inputs and constants.</summary>
    public GraphNode? Producer(string tensor) => _producers.GetValueOrDefault(tensor);

    /// <summary>Who reads the tensor, in node order; subgraphs that capture it count as readers.</summary>
    public IReadOnlyList<TensorUse> Uses(string tensor) => _uses.TryGetValue(tensor, out var uses) ? uses : [];

    /// <summary>The constant behind a name: an initializer or the value of a Constant node.</summary>
    public Initializer? Constant(string name) =>
        _initializers.GetValueOrDefault(name) ??
        (Producer(name) is { OpType: "Constant", Domain: "" } node ? node.Tensor("value") : null);

    /// <summary>A name that no tensor, no node and nothing in a subgraph bears yet and none was promised, as close to the wish as possible.</summary>
    public string UniqueName(string wish) =>
        _names.Give(wish, name => _producers.ContainsKey(name) || _initializers.ContainsKey(name) || IsInput(name) || _uses.ContainsKey(name));

    /// <summary>Adds a float or integer constant.</summary>
    public Initializer AddInitializer(string name, ElementType type, ReadOnlySpan<long> dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)type };
        foreach (var dim in dims)
        {
            tensor.Dims.Add(dim);
        }

        _proto.Initializer.Add(tensor);
        var added = new Initializer(tensor);
        _initializers.Add(name, added);
        return added;
    }

    /// <summary>Adds an int64 constant.</summary>
    public string AddIntegers(string name, params ReadOnlySpan<long> values)
    {
        name = UniqueName(name);
        AddInitializer(name, ElementType.Int64, [values.Length]).Write([values.Length], values);
        return name;
    }

    /// <summary>Adds an int64 or int32 constant.</summary>
    public string AddIntegers(string name, ElementType type, params ReadOnlySpan<long> values)
    {
        if (type == ElementType.Int64)
        {
            return AddIntegers(name, values);
        }

        var narrow = new int[values.Length];
        for (var i = 0; i < narrow.Length; i++)
        {
            narrow[i] = checked((int)values[i]);
        }

        name = UniqueName(name);
        AddInitializer(name, ElementType.Int32, [narrow.Length]).WriteBytes([narrow.Length], MemoryMarshal.AsBytes(narrow.AsSpan()).ToArray());
        return name;
    }

    /// <summary>Adds a node behind all others; <see cref="Index"/> must follow before look-ups are right again.</summary>
    public GraphNode AddNode(string opType, string name, IEnumerable<string> inputs, IEnumerable<string> outputs)
    {
        var proto = new NodeProto { OpType = opType, Name = name };
        proto.Input.AddRange(inputs);
        proto.Output.AddRange(outputs);
        _proto.Node.Add(proto);
        return new GraphNode(proto, name);
    }

    /// <summary>Adds a node in front of another; <see cref="Index"/> must follow.</summary>
    public GraphNode InsertNode(GraphNode before, string opType, string name, IEnumerable<string> inputs, IEnumerable<string> outputs)
    {
        var added = AddNode(opType, name, inputs, outputs);
        _proto.Node.RemoveAt(_proto.Node.Count - 1);
        if (!_inserted.TryGetValue(before.Proto, out var inserted))
        {
            _inserted[before.Proto] = inserted = [];
        }

        inserted.Add(added.Proto);
        return added;
    }

    /// <summary>Takes in nodes, in front of another, and constants, all of names that nothing bears; <see cref="Index"/> must follow.</summary>
    public void Adopt(GraphNode before, IReadOnlyCollection<NodeProto> nodes, IReadOnlyCollection<TensorProto> constants)
    {
        _inserted[before.Proto] = [.. _inserted.GetValueOrDefault(before.Proto, []), .. nodes];
        _proto.Initializer.AddRange(constants);
        foreach (var constant in constants)
        {
            _initializers.Add(constant.Name, new Initializer(constant));
        }
    }

    /// <summary>Takes a node out; <see cref="Index"/> must follow.</summary>
    public void Remove(GraphNode node) => _removed.Add(node.Proto);

    /// <summary>Lets every reader of one tensor read another; <see cref="Index"/> must follow.</summary>
    public void ReplaceUses(string tensor, string by)
    {
        foreach (var use in Uses(tensor).Where(u => u.Index != TensorUse.Captured))
        {
            use.Node.Proto.Input[use.Index] = by;
        }
    }

    /// <summary>Lets a node read one more tensor, in the first place that is free from a position on; look-ups stay right.</summary>
    public void AddInput(GraphNode node, int position, string tensor)
    {
        while (node.Proto.Input.Count <= position)
        {
            node.Proto.Input.Add("");
        }

        node.Proto.Input[position] = tensor;
        AddUse(tensor, new TensorUse(node, position));
    }

    /// <summary>
    /// Takes a node out and lets another make its first output in place of its own; look-ups of that output stay right,
    /// <see cref="Index"/> must follow for the rest.
    /// </summary>
    public void TakeOver(GraphNode node, GraphNode gone)
    {
        Remove(gone);
        _producers.Remove(node.Outputs[0]);
        node.Proto.Output[0] = gone.Outputs[0];
        _producers[gone.Outputs[0]] = node;
    }

    /// <summary>Removes the node that makes a tensor, which must be its only output; <see cref="Index"/> must follow.</summary>
    public void Detach(string tensor) => Remove(_producers[tensor]);

    /// <summary>Removes nodes whose outputs nothing reads.</summary>
    public void RemoveDeadNodes()
    {
        var isLive = new HashSet<string>(_proto.Output.Select(o => o.Name), StringComparer.Ordinal);
        foreach (var node in _nodes.AsEnumerable().Reverse().Where(n => !_removed.Contains(n.Proto)))
        {
            if (node.Outputs.Any(isLive.Contains))
            {
                isLive.UnionWith(node.Inputs);
                isLive.UnionWith(node.CapturedNames());
            }
            else
            {
                Remove(node);
            }
        }

        Index();
    }

    /// <summary>Makes a tensor an output of the model; the runtime works out its type and shape.</summary>
    public void AddOutput(string name) => _proto.Output.Add(new ValueInfoProto { Name = name });

    /// <summary>Leaves the model without outputs, before other outputs are named.</summary>
    public void ClearOutputs() => _proto.Output.Clear();

    /// <summary>States a new size for one axis of a tensor wherever the graph declares its shape.</summary>
    public void DeclareDimension(string tensor, int axis, long size)
    {
        foreach (var info in _proto.ValueInfo.Concat(_proto.Input).Where(i => i.Name == tensor))
        {
            if (info.Type?.TensorType?.Shape is { } shape && axis < shape.Dim.Count && shape.Dim[axis].HasDimValue)
            {
                shape.Dim[axis].DimValue = size;
            }
        }
    }

    /// <summary>Drops what the file says about the shapes of inner tensors.</summary>
    public void ForgetInnerShapes() => _proto.ValueInfo.Clear();

    /// <summary>Removes Constant nodes and initializers that nothing reads.</summary>
    public void RemoveUnusedConstants()
    {
        GraphNode[] unused = [.. _nodes.Where(n => n is { OpType: "Constant", Domain: "" } && !_uses.ContainsKey(n.Outputs[0]) && !IsOutput(n.Outputs[0]))];
        if (unused.Length > 0)
        {
            unused.ToList().ForEach(Remove);
            Index();
        }

        RemoveUnusedInitializers();
    }

    /// <summary>Removes initializers that nothing reads; one that is an input's default stays, or a caller would have to feed it.</summary>
    public void RemoveUnusedInitializers()
    {
        var stays = new List<TensorProto>(_proto.Initializer.Count);
        foreach (var tensor in _proto.Initializer)
        {
            if (_uses.ContainsKey(tensor.Name) || IsOutput(tensor.Name) || IsInput(tensor.Name))
            {
                stays.Add(tensor);
            }
            else
            {
                _initializers.Remove(tensor.Name);
            }
        }

        if (stays.Count < _proto.Initializer.Count)
        {
            _proto.Initializer.Clear();
            _proto.Initializer.AddRange(stays);
        }
    }

    /// <summary>Removes initializers by name, whoever reads them: something else makes them from now on.</summary>
    public void RemoveInitializers(IEnumerable<string> names)
    {
        var gone = names.ToHashSet(StringComparer.Ordinal);
        if (gone.Count > 0)
        {
            TensorProto[] stays = [.. _proto.Initializer.Where(t => !gone.Contains(t.Name))];
            _proto.Initializer.Clear();
            _proto.Initializer.AddRange(stays);
            foreach (var name in gone)
            {
                _initializers.Remove(name);
            }
        }
    }

    /// <summary>Sorts the nodes and rebuilds the look-ups after nodes were added or rewired.</summary>
    /// <exception cref="OnnxCompressException">OCX1008: the graph has a cycle, a name with two makers, or a node that makes nothing.</exception>
    public void Index()
    {
        CarryOut();
        _producers.Clear();
        _uses.Clear();
        _names.Note();
        var nodes = _proto.Node.Select(n => new GraphNode(n, NameOf(n))).ToArray();
        foreach (var node in nodes)
        {
            if (node.Outputs.Count == 0)
            {
                throw Inconsistent($"the node '{node.Name}' has no outputs");
            }

            foreach (var output in node.Outputs.Where(o => o.Length > 0))
            {
                if (_initializers.ContainsKey(output) || !_producers.TryAdd(output, node))
                {
                    throw Inconsistent($"the tensor '{output}' is made twice, the second time by node '{node.Name}'");
                }
            }
        }

        Sort(nodes);
        foreach (var node in _nodes)
        {
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                AddUse(node.Inputs[i], new TensorUse(node, i));
            }

            foreach (var captured in node.CapturedNames())
            {
                AddUse(captured, new TensorUse(node, TensorUse.Captured));
            }
        }
    }

    /// <summary>Takes removed nodes out of the protobuf and puts inserted ones in.</summary>
    private void CarryOut()
    {
        if (_removed.Count == 0 && _inserted.Count == 0)
        {
            return;
        }

        var edited = new List<NodeProto>(_proto.Node.Count);
        foreach (var node in _proto.Node)
        {
            edited.AddRange(_inserted.GetValueOrDefault(node, []));
            edited.Add(node);
        }

        edited.RemoveAll(_removed.Contains);
        _proto.Node.Clear();
        _proto.Node.AddRange(edited);
        _removed.Clear();
        _inserted.Clear();
    }

    /// <summary>The name of a node; when the model gives none, one made from its operator and first output.</summary>
    internal static string NameOf(NodeProto node) =>
        node.Name.Length > 0 ? node.Name : $"{node.OpType}:{node.Output.FirstOrDefault(o => o.Length > 0)}";

    private void AddUse(string tensor, TensorUse use)
    {
        if (tensor.Length == 0)
        {
            return;
        }

        if (!_uses.TryGetValue(tensor, out var uses))
        {
            _uses[tensor] = uses = [];
        }

        uses.Add(use);
    }

    private void Sort(GraphNode[] nodes)
    {
        _nodes.Clear();
        _nodes.AddRange(NodeOrder.Sort(nodes, _producers));
        if (_nodes.Count < nodes.Length)
        {
            throw Inconsistent($"node '{nodes.Except(_nodes).First().Name}' waits for its own output");
        }

        // The file must list nodes in an order in which they can run.
        if (!_proto.Node.Zip(_nodes).All(pair => ReferenceEquals(pair.First, pair.Second.Proto)))
        {
            _proto.Node.Clear();
            _proto.Node.AddRange(_nodes.Select(n => n.Proto));
        }
    }

    private static OnnxCompressException Inconsistent(string reason) =>
        new(DiagnosticCodes.GraphInconsistent, $"The graph contradicts itself: {reason}.");
}
