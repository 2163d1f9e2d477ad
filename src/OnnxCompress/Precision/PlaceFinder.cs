using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>
/// Finds where a graph takes 8 bits. Layers decide for themselves; what lies between them follows where all that it reads is
/// in bytes already and its result goes to a layer in the end, so that no value is rounded for nothing.
/// </summary>
internal sealed class PlaceFinder
{
    /// <summary>Operators that the runtime computes in bytes, with a scale of their own for the result.</summary>
    private static readonly HashSet<string> Between = ["Add", "Concat", "AveragePool", "GlobalAveragePool"];

    /// <summary>Operators whose results are values that they read.</summary>
    internal static readonly HashSet<string> Moving = ["MaxPool", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Identity", "Pad"];

    /// <summary>The first operator set in which MaxPool takes bytes.</summary>
    private const long PoolsBytes = 12;

    private readonly ModelGraph _graph;
    private readonly TensorShapes _shapes;
    private readonly long _opset;
    private readonly KnownRanges _ranges;
    private readonly Dictionary<string, LinearMap> _static = new(StringComparer.Ordinal);

    // Tensors that can be read in bytes; by the result of a node, what it reads in bytes.
    private readonly HashSet<string> _offered = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string[]> _reads = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _moved = new(StringComparer.Ordinal);

    private readonly Dictionary<string, string> _made = new(StringComparer.Ordinal);

    private PlaceFinder(OnnxModel model, TensorShapes shapes, KnownRanges ranges) => (_graph, _shapes, _opset, _ranges) = (model.Graph, shapes, model.Opset, ranges);

    /// <summary>Finds the places.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">Its shapes.</param>
    /// <param name="options">The numbers that are asked for, and for which nodes.</param>
    /// <param name="ranges">Which ranges of activations can be known.</param>
    public static QuantisedPlaces Find(OnnxModel model, TensorShapes shapes, QuantizerOptions options, KnownRanges ranges)
    {
        var places = Once(model, shapes, options, ranges);
        // What a layer leaves to others may lack a range too.
        while (ranges.Without(places) is { } fewer)
        {
            ranges = fewer;
            places = Once(model, shapes, options, ranges);
        }

        return places;
    }

    private static QuantisedPlaces Once(OnnxModel model, TensorShapes shapes, QuantizerOptions options, KnownRanges ranges)
    {
        var finder = new PlaceFinder(model, shapes, ranges);
        var maps = model.Graph.Nodes.Select(n => LinearMap.Of(n, model.Graph)).OfType<LinearMap>().ToArray();
        var choice = new LayerChoice(model.Graph, shapes, options, ranges, LayerChoice.Small(maps));
        var (found, left, kept) = (new List<(LinearMap Map, string Form)>(), new List<LayerPrecision>(), new List<string>());
        foreach (var map in maps)
        {
            var (form, reason) = choice.Of(map);
            if (reason is null)
            {
                found.Add((map, form));
            }
            else
            {
                kept.Add(map.Weight);
                left.Add(new LayerPrecision(map.Node.Name, form) { Reason = reason, Parameters = model.Graph.Constant(map.Weight)!.Count });
            }
        }

        var known = found.Select(f => f.Map.Weight).Concat(kept).ToHashSet(StringComparer.Ordinal);
        left.AddRange(UnknownLayers.Of(model, known));
        LinearMap[] Of(string form) => [.. found.Where(f => f.Form == form).Select(f => f.Map)];
        var layers = Of(LayerPrecision.Int8);
        var tensors = finder.Tensors(layers);
        return new QuantisedPlaces(layers, Of(LayerPrecision.Dynamic), Of(LayerPrecision.Table), tensors, finder._moved, left)
        {
            BytesAlone = Of(LayerPrecision.Weights),
            Blocks = Of(LayerPrecision.Blocks),
            WideBlocks = Of(LayerPrecision.WideBlocks),
            BlockTables = Of(LayerPrecision.BlockTable),
            Made = finder._made,
        };
    }

    private List<string> Tensors(LinearMap[] layers)
    {
        foreach (var layer in layers)
        {
            _static.Add(layer.Output, layer);
        }

        foreach (var node in _graph.Nodes)
        {
            Offer(node);
        }

        var needed = Needed();
        // The runtime convolves in bytes only where the result is in bytes too.
        needed.UnionWith(layers.Where(l => l.Kind == LinearKind.Convolution).Select(l => Behind(l.Output)).Where(t => !_graph.IsOutput(t)));
        foreach (var dropped in _moved.Keys.Where(t => !needed.Contains(t)).ToArray())
        {
            _moved.Remove(dropped);
        }

        return [.. _graph.Inputs.Select(i => i.Name).Concat(_graph.Nodes.SelectMany(n => n.Outputs)).Where(needed.Contains)];
    }

    private void Offer(GraphNode node)
    {
        if (node.Domain.Length > 0)
        {
            return;
        }

        var output = node.Outputs[0];
        if (_static.ContainsKey(output))
        {
            _offered.Add(_made[output] = Behind(output));
        }
        else if (Between.Contains(node.OpType) && node.Inputs.All(_offered.Contains) && Behind(output) is var made && _ranges.Has(made))
        {
            _offered.Add(made);
            _reads[made] = [.. node.Inputs];
        }
        else if (IsMove(node))
        {
            _offered.Add(output);
            _reads[output] = [node.Inputs[0]];
            _moved[output] = node.Inputs[0];
        }
    }

    private bool IsMove(GraphNode node) =>
        Moving.Contains(node.OpType) && node.Inputs.Count > 0 && _offered.Contains(node.Inputs[0])
        && node.Outputs.Count(o => o.Length > 0) == 1 && !_graph.IsOutput(node.Outputs[0])
        && (node.OpType != "MaxPool" || _opset >= PoolsBytes) && (node.OpType != "Pad" || PadsZeros(node));

    private bool PadsZeros(GraphNode node) =>
        node.Text("mode", "constant") == "constant" && (node.Input(2) is { } value ? _graph.Constant(value) is { Type: ElementType.Float } constant && constant.ReadFloats() is [0] : node.Float("value", 0) == 0);

    /// <summary>What a layer reads in bytes in the end.</summary>
    private HashSet<string> Needed()
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in _graph.Nodes.Reverse())
        {
            if (_static.TryGetValue(node.Outputs[0], out var layer))
            {
                needed.Add(layer.Input);
            }

            foreach (var output in node.Outputs.Where(o => needed.Contains(o) && _reads.ContainsKey(o)))
            {
                needed.UnionWith(_reads[output]);
            }
        }

        return needed;
    }

    /// <summary>What a Relu or Clip behind a tensor makes of it, if nothing else reads the tensor: the byte range does its work.</summary>
    private string Behind(string tensor) =>
        ActivationRange.Behind(_graph, tensor) is not null && _graph.Uses(tensor)[0].Node is var node && _shapes.TypeOf(node.Outputs[0]) == ElementType.Float
            ? node.Outputs[0]
            : tensor;
}
