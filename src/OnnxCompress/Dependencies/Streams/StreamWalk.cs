using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Streams;

/// <summary>
/// Follows the channels of one residual stream through a graph and says of every tensor that has them whether they come as they
/// were written or behind a normalisation.
/// </summary>
/// <param name="relations">Axes of the graph.</param>
/// <param name="norms">The stream's normalisations.</param>
/// <param name="normOf">By the name of a node, the normalisation that it is part of, of this stream or another.</param>
internal sealed class StreamWalk(Relations relations, IReadOnlyList<Normalisation> norms, IReadOnlyDictionary<string, Normalisation> normOf)
{
    private const int No = -1, Irregular = -2;

    /// <summary>Operators that leave channels what they are, and act on other axes if at all.</summary>
    private static readonly HashSet<string> Passing =
        ["Identity", "Dropout", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Gather", "Concat", "Split", "Expand", "Tile", "ReduceMean", "ReduceSum", "Shape", "Size"];

    private readonly ModelGraph _graph = relations.Graph;
    private readonly HashSet<Normalisation> _own = [.. norms];
    private readonly Dictionary<string, Normalisation?> _normed = new(StringComparer.Ordinal);
    private readonly List<StreamConsumer> _readers = [];
    private readonly ILookup<string, LinearLayer> _layers = relations.Layers.ToLookup(l => l.Node.Name, StringComparer.Ordinal);
    private int[] _roots = [];
    private HashSet<int> _all = [];

    /// <summary>The stream; null where it has to stay as it is.</summary>
    /// <param name="why">What holds it.</param>
    public ResidualStream? Walk(out string why)
    {
        _roots = RootsOf(relations.KnownAxes(norms[0].Inputs[0])[^1]!);
        _all = [.. _roots];
        why = First() ?? "";
        foreach (var node in why.Length > 0 ? [] : _graph.Nodes)
        {
            if ((NormOf(node) is { } norm ? Inside(node, norm) : Outside(node)) is { } reason)
            {
                why = reason;
                return null;
            }
        }

        if (why.Length > 0 || (why = Last() ?? "").Length > 0)
        {
            return null;
        }

        var scales = norms.SelectMany(n => new[] { n.Scale, n.Shift }).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var weights = _readers.Select(r => (r.Layer.Weight, r.Layer.InputAxis)).ToHashSet();
        (string Constant, int Axis)[] constants = [.. relations.Constants.SelectMany(c => c.Value.Index().Where(a => a.Item is not null && Touches(a.Item)).Select(a => (c.Key, a.Index)))];
        (string Constant, int Axis)[] written = [.. constants.Where(c => !scales.Contains(c.Constant) && !weights.Contains(c))];
        if (written.FirstOrDefault(c => _graph.Constant(c.Constant)!.Type != ElementType.Float) is { Constant: { } other })
        {
            why = $"'{other}' is stored in numbers that cannot be turned";
            return null;
        }

        if (written.Length == 0)
        {
            why = "no weight writes it";
            return null;
        }

        return new ResidualStream(_roots, norms[0].IsCentred, norms, _readers, written)
        {
            Tensors = _normed.Where(t => t.Value is null && _graph.Constant(t.Key) is null).Select(t => t.Key).ToHashSet(StringComparer.Ordinal),
        };
    }

    private Normalisation? NormOf(GraphNode node) => normOf.TryGetValue(node.Name, out var norm) && _own.Contains(norm) ? norm : null;

    private int[] RootsOf(IndexAxis axis) => [.. axis.Ids.Select(relations.Elements.Root)];

    private string? First()
    {
        var ascending = _roots.Zip(_roots.Skip(1)).All(pair => pair.First < pair.Second);
        return !ascending || _roots.Any(r => relations.Elements.CrossingOf(r) is not null) ? $"'{norms[0].Name}' reads its channels in an order of its own"
            : _roots.Select(relations.Elements.PinOf).FirstOrDefault(p => p is not null) is { } pin ? pin.Sentence
            : norms.Any(n => n.IsCentred != norms[0].IsCentred) ? "some of its normalisations take the mean off, and others do not"
            : null;
    }

    private string? Last()
    {
        if (_readers.Count == 0)
        {
            return "no layer reads it";
        }

        if (norms[0].IsCentred && _readers.FirstOrDefault(r => r.Norm is null) is { } raw)
        {
            return $"'{raw.Layer.Node.Name}' reads its mean, which the normalisations take off";
        }

        foreach (var norm in norms)
        {
            foreach (var constant in new[] { norm.Scale, norm.Shift }.OfType<string>())
            {
                if (_graph.Uses(constant).Any(u => NormOf(u.Node) is null) || _graph.IsInput(constant))
                {
                    return $"'{constant}', of '{norm.Name}', is read elsewhere too";
                }
            }

            if (norm.Scale is { } scale && _graph.Constant(scale)!.ReadFloats().Any(v => !(Math.Abs(v) > float.Epsilon)))
            {
                return $"'{norm.Name}' multiplies a channel by nothing: what it reads there cannot be known from what it makes";
            }
        }

        return null;
    }

    /// <summary>A node of a normalisation reads the stream and hands it on.</summary>
    private string? Inside(GraphNode node, Normalisation norm)
    {
        foreach (var input in norm.Inputs.Where(node.Inputs.Contains))
        {
            if (AxisOf(input) != relations.KnownAxes(input).Length - 1 || Of(input) is not (true, null))
            {
                return $"'{norm.Name}' normalises something that was normalised before, or only a part of it";
            }
        }

        foreach (var output in node.Outputs.Where(o => o.Length > 0))
        {
            if (output == norm.Output || output == norm.Sum)
            {
                _normed[output] = output == norm.Output ? norm : null;
            }
            else if (_graph.IsOutput(output) || _graph.Uses(output).Any(u => !norm.Nodes.Contains(u.Node.Name)))
            {
                return $"what '{node.Name}' makes inside of a normalisation is read elsewhere too";
            }
        }

        return null;
    }

    private string? Outside(GraphNode node)
    {
        if (node.OpType == "Constant")
        {
            return null;
        }

        string[] inputs = [.. node.Inputs.Where(i => i.Length > 0 && AxisOf(i) != No)];
        string[] outputs = [.. node.Outputs.Where(o => o.Length > 0 && AxisOf(o) != No)];
        if (inputs.Length == 0 && outputs.Length == 0)
        {
            return null;
        }

        if (inputs.Concat(outputs).Any(t => AxisOf(t) == Irregular) && !_layers.Contains(node.Name))
        {
            return $"'{node.Name}' ({node.OpType}) takes its channels apart";
        }

        var refused = $"'{node.Name}' ({node.OpType}) does something with its channels that does not commute with turning them";
        bool?[] isNormed = [.. inputs.Select(i => Of(i) is (true, var n) ? n is not null : (bool?)null)];
        return _layers[node.Name].FirstOrDefault() is { } layer ? Layer(layer)
            : node is { Domain: "", OpType: "Gather" } && _graph.Constant(node.Inputs[0]) is not null ? Mark(outputs, null)
            : isNormed.Contains(null) ? refused
            : node.Domain.Length > 0 ? refused
            : node.OpType is "Add" or "Sub" or "Sum" ? inputs.Length == node.Inputs.Count && !isNormed.Contains(true) ? Mark(outputs, null) : Added(node, isNormed.Contains(true))
            : node.OpType is "Mul" or "Div" ? inputs.Length == 1 && (node.OpType == "Mul" || node.Inputs[0] == inputs[0]) ? Mark(outputs, Of(inputs[0]).Norm) : refused
            : Passing.Contains(node.OpType) && inputs.Select(i => Of(i).Norm).Distinct().Count() == 1 ? Mark(outputs, Of(inputs[0]).Norm)
            : refused;
    }

    private static string Added(GraphNode node, bool isNormed) => isNormed
        ? $"'{node.Name}' ({node.OpType}) adds to what was normalised, as networks do that normalise behind their sums"
        : $"'{node.Name}' ({node.OpType}) adds the same to all channels";

    private string? Layer(LinearLayer layer)
    {
        var axes = relations.KnownAxes(layer.Weight);
        var (reads, writes) = (axes[layer.InputAxis] is { } input && Touches(input), axes[layer.OutputAxis] is { } output && Touches(output));
        var isKnown = layer.Map is { Kind: LinearKind.Product or LinearKind.Convolution, Groups: 1 } && !layer.Map.ReadsState && _layers[layer.Node.Name].Count() == 1;
        if (!isKnown || !Fits(axes[layer.InputAxis], reads) || !Fits(axes[layer.OutputAxis], writes))
        {
            return $"'{layer.Node.Name}' ({layer.Node.OpType}) reads or makes its channels in another way than as a matrix does";
        }

        if (reads)
        {
            if (Of(layer.Input) is not (true, var norm) || layer.SelectsInput)
            {
                return $"'{layer.Node.Name}' reads something else than the stream";
            }

            if (_graph.Uses(layer.Weight).Count != 1)
            {
                return $"the weight '{layer.Weight}' is shared";
            }

            if (layer.Map.Scales || (norm?.Shift is { } shift && _graph.Constant(shift)!.ReadFloats().Any(v => v != 0) && !TakesConstant(layer)))
            {
                return $"'{layer.Node.Name}' cannot take up what '{norm?.Name}' adds";
            }

            _readers.Add(new StreamConsumer(layer, norm));
        }

        return writes ? Mark([.. layer.Node.Outputs.Where(o => AxisOf(o) >= 0)], null) : null;
    }

    /// <summary>Whether a constant of our own can be added to what a layer makes.</summary>
    private bool TakesConstant(LinearLayer layer) => layer is { PassesConstants: true, Map.WeightInput: 1 }
        && (layer.Map.TakesBiasInput ? layer.Map.BiasInput is not { } own || (_graph.Uses(own).Count == 1 && !_graph.IsInput(own) && layer.Bias == own) : layer.Bias is not null || !_graph.IsOutput(layer.Output));

    private bool Fits(IndexAxis? axis, bool touches) => !touches || RootsOf(axis!).AsSpan().SequenceEqual(_roots);

    private string? Mark(string[] tensors, Normalisation? norm)
    {
        foreach (var tensor in tensors)
        {
            _normed[tensor] = norm;
        }

        return null;
    }

    /// <summary>Whether what a tensor holds is known, and behind which normalisation it is.</summary>
    private (bool IsKnown, Normalisation? Norm) Of(string tensor) => _normed.TryGetValue(tensor, out var norm) ? (true, norm) : (_graph.Constant(tensor) is not null, null);

    private bool Touches(IndexAxis axis) => axis.Ids.Any(id => relations.Elements.Owners(id).Any(_all.Contains));

    /// <summary>The axis of a tensor that runs over the channels.</summary>
    private int AxisOf(string tensor)
    {
        var axes = relations.KnownAxes(tensor);
        var found = No;
        for (var axis = 0; axis < axes.Length; axis++)
        {
            if (axes[axis] is { } ids && Touches(ids))
            {
                found = found != No || !RootsOf(ids).AsSpan().SequenceEqual(_roots) ? Irregular : axis;
            }
        }

        return found;
    }
}
