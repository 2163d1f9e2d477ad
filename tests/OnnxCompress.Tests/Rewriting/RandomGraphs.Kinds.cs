using OnnxCompress.Models;
using OnnxCompress.Models.Protos;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Rewriting;

/// <content>Forms that exporters and optimisers write: recurrent layers, shared weights, other words for a product, branches, functions, computed sizes.</content>
internal sealed partial class RandomGraphs
{
    private readonly List<(string Name, int From, int To)> _shared = [];

    /// <summary>A recurrent layer over positions, in one direction or two.</summary>
    private Tensor Recur(Tensor source)
    {
        var (op, gates) = Pick(("LSTM", 4), ("GRU", 3), ("RNN", 1));
        var (units, directions, name) = (2 + _random.Next(4), Pick(1, 2), NextName());
        var steps = _model.Node("Transpose", NextName(), [source.Name], ("perm", new long[] { 1, 0, 2 }));
        List<string> inputs = [steps, _model.Weight($"{name}.w", directions, gates * units, source.Dims[1]), _model.Weight($"{name}.r", directions, gates * units, units)];
        if (Chance(0.7))
        {
            inputs.Add(_model.Weight($"{name}.b", directions, 2 * gates * units));
        }

        (string, object)[] attributes = [("hidden_size", units), ("direction", directions == 2 ? "bidirectional" : Pick("forward", "reverse"))];
        _model.Nodes(op, name, [.. inputs], [name], op == "GRU" && Chance(0.5) ? [.. attributes, ("linear_before_reset", 1)] : attributes);
        var turned = _model.Node("Transpose", NextName(), [name], ("perm", new long[] { 2, 0, 1, 3 }));
        return new Tensor(_model.Node("Reshape", NextName(), [turned, Sizes(0, 0, directions * units)]), source.Dims[0], directions * units);
    }

    /// <summary>A product with a weight that another product has too, or will have.</summary>
    private Tensor ProjectShared(Tensor source)
    {
        var known = _shared.Where(s => s.From == source.Dims[^1]).ToArray();
        if (known.Length == 0)
        {
            var made = NextName();
            known = [(_model.Weight($"{made}.w", source.Dims[^1], Chance(0.5) ? source.Dims[^1] : 3 + _random.Next(4)), source.Dims[^1], 0)];
            known = [known[0] with { To = (int)_model.Graph.Initializer[^1].Dims[1] }];
            _shared.Add(known[0]);
        }

        var (weight, _, to) = known[_random.Next(known.Length)];
        return new Tensor(_model.Node("MatMul", NextName(), [source.Name, weight]), [.. source.Dims[..^1], to]);
    }

    /// <summary>A product in another operator's words; what simplification knows of them, a plain analysis holds.</summary>
    private Tensor ProjectOtherwise(Tensor source)
    {
        var (name, to) = (NextName(), 3 + _random.Next(4));
        var weight = _model.Weight($"{name}.w", source.Dims[1], to);
        switch (_random.Next(3))
        {
            case 0:
                _model.Graph.Initializer[^1].Dims.Insert(0, 1);
                return new Tensor(_model.Node("MatMul", name, [source.Name, weight]), source.Dims[0], to);
            case 1 when _model.Proto.OpsetImport[0].Version >= 13:
                return new Tensor(_model.Node("Einsum", name, [source.Name, weight], ("equation", "btd,dh->bth")), source.Dims[0], to);
            default:
                return new Tensor(Custom(_model.Node("FusedMatMul", name, [source.Name, weight], ("alpha", 0.5f))), source.Dims[0], to);
        }
    }

    /// <summary>Every second feature, or all in the other order.</summary>
    private Tensor SliceStepped(Tensor source, int axis)
    {
        var (size, step) = (source.Dims[axis], Pick(2, 3, -1, -2));
        var name = _model.Node("Slice", NextName(), [source.Name, Sizes(step < 0 ? -1 : _random.Next(2) % size), Sizes(step < 0 ? int.MinValue : int.MaxValue), Sizes(axis + 1), Sizes(step)]);
        var first = step < 0 ? 0 : (int)_model.Graph.Initializer.Single(i => i.Name == _model.Graph.Node[^1].Input[1]).Int64Data[0];
        int[] dims = [.. source.Dims];
        dims[axis] = (size - first + Math.Abs(step) - 1) / Math.Abs(step);
        return new Tensor(name, dims);
    }

    /// <summary>One of two branches, which a constant chooses; both read what is around them.</summary>
    private Tensor Branch(Tensor source)
    {
        var name = NextName();
        GraphProto Side(string side, string op)
        {
            var graph = new GraphProto { Name = $"{name}.{side}" };
            graph.Node.Add(new NodeProto { OpType = op, Input = { source.Name }, Output = { $"{name}.{side}" } });
            graph.Output.Add(new ValueInfoProto { Name = $"{name}.{side}", Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float } } });
            return graph;
        }

        var flag = new TensorProto { Name = $"{name}.if", DataType = (int)ElementType.Bool };
        flag.Int32Data.Add(_random.Next(2));
        _model.Graph.Initializer.Add(flag);
        return source with { Name = _model.Node("If", name, [flag.Name], ("then_branch", Side("then", "Neg")), ("else_branch", Side("else", "Tanh"))) };
    }

    /// <summary>A function of the model's own: a product and an activation.</summary>
    private Tensor Call(Tensor source)
    {
        const string Domain = "own";
        if (_model.Proto.Functions.Count == 0)
        {
            _model.Proto.OpsetImport.Add(new OperatorSetIdProto { Domain = Domain, Version = 1 });
            var function = new FunctionProto { Name = "Layer", Domain = Domain };
            function.OpsetImport.Add(_model.Proto.OpsetImport[0].Clone());
            function.Input.Add(["a", "b"]);
            function.Output.Add("c");
            function.Node.Add(new NodeProto { OpType = "MatMul", Name = "product", Input = { "a", "b" }, Output = { "p" } });
            function.Node.Add(new NodeProto { OpType = "Relu", Name = "activation", Input = { "p" }, Output = { "c" } });
            _model.Proto.Functions.Add(function);
        }

        var (name, to) = (NextName(), 3 + _random.Next(4));
        _model.Node("Layer", name, [source.Name, _model.Weight($"{name}.w", source.Dims[1], to)]);
        _model.Graph.Node[^1].Domain = Domain;
        return new Tensor(name, source.Dims[0], to);
    }

    /// <summary>An image twice as large, whose size is computed from that of another.</summary>
    private Tensor? UpsampleAsComputed(Tensor source)
    {
        if (source.Dims[1] * source.Dims[2] > 40)
        {
            return null;
        }

        var model = _tensors.Where(t => t.Dims.Length == 3).ToArray() is { Length: > 0 } images ? images[_random.Next(images.Length)] : source;
        string Part(string of, long from, long to) => _model.Node("Slice", NextName(), [_model.Node("Shape", NextName(), [of]), Sizes(from), Sizes(to), Sizes(0)]);
        var size = _model.Node("Mul", NextName(), [Part(model.Name, 2, 4), Sizes(2)]);
        var sizes = _model.Node("Concat", NextName(), [Part(source.Name, 0, 2), size], ("axis", 0));
        var name = _model.Node("Resize", NextName(), [source.Name, _model.Floats(NextName(), [0]), _model.Floats(NextName(), [0]), sizes], ("mode", "nearest"));
        return model.Dims[1] * model.Dims[2] > 40 ? null : new Tensor(name, source.Dims[0], 2 * model.Dims[1], 2 * model.Dims[2]);
    }

    private string Custom(string node) => _model.Own(node);
}
