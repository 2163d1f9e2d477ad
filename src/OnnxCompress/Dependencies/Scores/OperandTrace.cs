using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Scores;

/// <summary>
/// Follows queries or keys back to the layer that makes them, through nodes that leave the columns of a head together or multiply all
/// of them with one number: whatever basis the layer is brought to then arrives.
/// </summary>
internal sealed class OperandTrace
{
    private readonly Relations _relations;
    private readonly int _size;
    private readonly List<(string Constant, int[] Places)> _biases = [];
    private readonly List<string> _tensors = [], _nodes = [];

    private string _tensor;

    /// <summary>The axis of the tensor that runs over columns, or over heads and columns in them.</summary>
    private int _axis;

    /// <summary>By column, or by head and column: its index along the axis.</summary>
    private int[] _places;

    /// <summary>Whether heads lie behind each other along the axis.</summary>
    private bool _isMerged;

    private OperandTrace(string tensor, int axis, int heads, int size, Relations relations)
    {
        (_tensor, _axis, _size, _relations, _isMerged) = (tensor, axis, size, relations, heads > 0);
        _places = [.. Enumerable.Range(0, Math.Max(1, heads) * size)];
    }

    private int[] Shape => _relations.Shape(_tensor)!;

    private bool IsLast => _axis == Shape.Length - 1;

    /// <summary>The operand; null where something else than such nodes lies between.</summary>
    /// <param name="tensor">What the product reads.</param>
    /// <param name="axis">Its axis that runs over columns.</param>
    /// <param name="heads">Heads that lie behind each other along that axis; 0 where they are another axis.</param>
    /// <param name="size">Columns of a head.</param>
    /// <param name="relations">Where axes are.</param>
    /// <param name="bias">A constant that the product itself adds, with where the operand begins in it; null for none.</param>
    public static ScoreOperand? Of(string tensor, int axis, int heads, int size, Relations relations, (string Constant, int Start)? bias = null)
    {
        var trace = new OperandTrace(tensor, axis, heads, size, relations);
        if (bias is var (constant, start))
        {
            if (!trace.IsOwn(constant))
            {
                return null;
            }

            trace._biases.Add((constant, [.. trace._places.Select(p => p + start)]));
        }

        return trace.Run();
    }

    private ScoreOperand? Run()
    {
        while (true)
        {
            _tensors.Add(_tensor);
            if (_relations.Layers.FirstOrDefault(l => l.Output == _tensor) is { } layer)
            {
                return End(layer);
            }

            if (_relations.Graph.Producer(_tensor) is not { Domain: "" } node || !Step(node))
            {
                return null;
            }

            _nodes.Add(node.Name);
        }
    }

    private ScoreOperand? End(LinearLayer layer)
    {
        if (layer.Map is not { Kind: LinearKind.Product, WeightInput: 1 } || layer.OutputChannelAxis != _axis || !IsOwn(layer.Weight)
            || (layer.Map.BiasInput is { } bias && !Add(bias)))
        {
            return null;
        }

        _nodes.Add(layer.Node.Name);
        return new ScoreOperand(layer, _places, _biases, _tensors, _nodes);
    }

    private bool Step(GraphNode node)
    {
        switch (node.OpType)
        {
            case "Identity":
                _tensor = node.Inputs[0];
                return true;
            case "Transpose":
                var order = node.Ints("perm");
                _axis = order.Count == 0 ? Shape.Length - 1 - _axis : (int)order[_axis];
                _tensor = node.Inputs[0];
                return true;
            case "Mul":
                return Passes(node, IsNumber(node.Inputs[1]) ? 0 : IsNumber(node.Inputs[0]) ? 1 : -1);
            case "Div":
                return Passes(node, IsNumber(node.Inputs[1]) ? 0 : -1);
            case "Add":
                var constant = _relations.Graph.Constant(node.Inputs[1]) is not null ? 1 : 0;
                return IsLast && Add(node.Inputs[constant]) && Passes(node, 1 - constant);
            case "Split" or "Slice":
                return Selects(node);
            case "Expand":
                return Passes(node, 0);
            case "Reshape" or "Squeeze" or "Unsqueeze" or "Flatten":
                return Reshapes(node.Inputs[0]);
            default:
                return false;
        }
    }

    /// <summary>Goes on with an operand that has the axis, counted from the end as shapes are matched.</summary>
    private bool Passes(GraphNode node, int input)
    {
        if (input < 0 || _relations.Shape(node.Inputs[input]) is not { } shape || _axis - Shape.Length + shape.Length is not (>= 0 and var axis) || shape[axis] != Shape[_axis])
        {
            return false;
        }

        (_tensor, _axis) = (node.Inputs[input], axis);
        return true;
    }

    /// <summary>Goes on with what a range was taken of.</summary>
    private bool Selects(GraphNode node)
    {
        var (whole, part) = (_relations.Axes(node.Inputs[0])[_axis], _relations.Axes(_tensor)[_axis]);
        if (whole is null || part is null)
        {
            return false;
        }

        var indexOf = whole.Ids.Index().ToDictionary(i => i.Item, i => i.Index);
        if (!part.Ids.All(indexOf.ContainsKey))
        {
            return false;
        }

        _places = [.. _places.Select(p => indexOf[part.Ids[p]])];
        _tensor = node.Inputs[0];
        return true;
    }

    private bool Reshapes(string input)
    {
        var (from, to) = (_relations.Shape(input)!, Shape);
        long Behind(int[] shape, int axis) => shape.Skip(axis + 1).Aggregate(1L, (product, d) => product * d);
        // The axis is there, whatever became of the others.
        if (Enumerable.Range(0, from.Length).Where(a => from[a] == to[_axis] && Behind(from, a) == Behind(to, _axis)).ToArray() is [var same])
        {
            (_tensor, _axis) = (input, same);
            return true;
        }

        // Heads and columns lay behind each other; heads may have been merged with the axis in front of them.
        var (size, width) = (to[_axis], from[^1]);
        if (_isMerged || !IsLast || _axis == 0 || _biases.Count > 0 || width % size != 0
            || !(to[_axis - 1] * size == width || (to.Length == from.Length && from.Length > 1 && (long)to[_axis - 1] * size == (long)from[^2] * width)))
        {
            return false;
        }

        _places = [.. Enumerable.Range(0, width / size).SelectMany(head => _places.Select(p => (head * size) + p))];
        (_tensor, _axis, _isMerged) = (input, from.Length - 1, true);
        return true;
    }

    /// <summary>Notes a constant that is added along the axis.</summary>
    private bool Add(string constant)
    {
        if (!LayerBias.IsVector(_relations.Graph.Constant(constant), Shape[_axis]) || !IsOwn(constant))
        {
            return false;
        }

        _biases.Add((constant, [.. _places]));
        return true;
    }

    private bool IsOwn(string constant) => _relations.Graph.Uses(constant).Count == 1 && !_relations.Graph.IsInput(constant) && !_relations.Graph.IsOutput(constant);

    /// <summary>One number, the same for all samples.</summary>
    private bool IsNumber(string tensor) => _relations.Graph.Constant(tensor) is { } constant ? constant.Count == 1
        : _relations.Shapes.Of(tensor) is { } shape && shape.Index().All(d => d.Item == 1 && !_relations.Shapes.IsDynamic(tensor, d.Index));
}
