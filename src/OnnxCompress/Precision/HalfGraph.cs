using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>
/// Lets a graph compute in half floats wherever it can. Each tensor has two names: its own in single floats, and another in half
/// ones; a Cast makes one of the other where both are read, so inputs, outputs and what subgraphs read stay single floats.
/// </summary>
/// <param name="model">The model; edited in place.</param>
/// <param name="shapes">Its shapes and types.</param>
/// <param name="isSelected">Whether the user's selection includes a node.</param>
/// <param name="tooLarge">Tensors with values that half floats may not hold.</param>
internal sealed class HalfGraph(OnnxModel model, TensorShapes shapes, Func<string, bool> isSelected, IReadOnlySet<string> tooLarge)
{
    /// <summary>Values on data that was seen must stay this far below the largest half float, for those that was not.</summary>
    public const float LargestSeen = 65504 / 4f;

    /// <summary>Below it half floats have fewer bits: a constant that is one number must not lose them.</summary>
    private const double SmallestNormal = 6.2e-5;

    private const int Scalars = 16;

    /// <summary>
    /// Operators whose half form is the same function with rounding. Left out: sums and powers that leave the range (Exp, Pow,
    /// ReduceSum, Reciprocal, Sqrt), and what takes single floats for sizes (Resize).
    /// </summary>
    private static readonly HashSet<string> InHalf =
    [
        "Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Relu", "LeakyRelu", "PRelu", "Elu", "Sigmoid", "HardSigmoid", "HardSwish",
        "Tanh", "Erf", "Gelu", "Softplus", "Clip", "Softmax", "LogSoftmax", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization",
        "InstanceNormalization", "LayerNormalization", "Concat", "Split", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Pad", "Gather",
        "Identity", "Expand", "Tile", "Where", "DepthToSpace", "SpaceToDepth", "ReduceMean", "ReduceMax", "LSTM", "GRU",
    ];

    private readonly ModelGraph _graph = model.Graph;
    private readonly Dictionary<string, string> _half = new(StringComparer.Ordinal);

    /// <summary>Rewrites the graph.</summary>
    /// <returns>Names of the nodes that compute in half floats.</returns>
    public IReadOnlySet<string> Apply()
    {
        GraphNode[] nodes = [.. _graph.Nodes.Where(CanBeHalf)];
        var (read, made) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var inHalf = nodes.Select(n => n.Proto).ToHashSet();
        var needed = _graph.Nodes.Where(n => !inHalf.Contains(n.Proto)).SelectMany(n => n.Inputs.Concat(n.CapturedNames()))
            .Concat(_graph.Outputs.Select(o => o.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            Rename(node.Proto.Input, read);
            Rename(node.Proto.Output, made);
        }

        foreach (var tensor in read.Where(t => !made.Contains(t)).ToArray())
        {
            if (_graph.Initializers.TryGetValue(tensor, out var constant))
            {
                long[] dims = [.. constant.Dims];
                _graph.AddInitializer(_half[tensor], ElementType.Float16, dims).Write(dims, constant.ReadFloats());
            }
            else
            {
                Cast(tensor, _half[tensor], ElementType.Float16);
            }
        }

        foreach (var tensor in made.Where(needed.Contains))
        {
            Cast(_half[tensor], tensor, ElementType.Float);
        }

        _graph.ForgetInnerShapes();
        _graph.Index();
        _graph.RemoveUnusedInitializers();
        return nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
    }

    private bool CanBeHalf(GraphNode node) =>
        node.Domain.Length == 0 && InHalf.Contains(node.OpType) && !node.HasSubgraph && isSelected(node.Name)
        && node.Outputs.Where(o => o.Length > 0).All(o => IsFloat(o) && !tooLarge.Contains(o))
        && node.Inputs.Where(i => i.Length > 0 && IsFloat(i)).All(i => !tooLarge.Contains(i) && (_graph.Constant(i) is not { } constant || IsHeld(constant)));

    private bool IsFloat(string tensor) => (_graph.Constant(tensor)?.Type ?? shapes.TypeOf(tensor)) == ElementType.Float;

    private bool IsHeld(Initializer constant)
    {
        if (!_graph.Initializers.ContainsKey(constant.Name) || _graph.IsInput(constant.Name))
        {
            return false;
        }

        var values = constant.ReadFloats();
        return HalfStorage.Reason(constant.Name, _graph, static _ => true) is null
            && (values.Length > Scalars || Array.TrueForAll(values, v => v == 0 || Math.Abs(v) >= SmallestNormal));
    }

    private void Rename(Google.Protobuf.Collections.RepeatedField<string> names, HashSet<string> renamed)
    {
        for (var i = 0; i < names.Count; i++)
        {
            var name = names[i];
            if (name.Length == 0 || !IsFloat(name))
            {
                continue;
            }

            if (!_half.TryGetValue(name, out var half))
            {
                _half[name] = half = _graph.UniqueName($"{name}/half");
            }

            renamed.Add(name);
            names[i] = half;
        }
    }

    private void Cast(string from, string to, ElementType type) => _graph.AddNode("Cast", _graph.UniqueName($"{to}/cast"), [from], [to]).SetInt("to", (long)type);
}
