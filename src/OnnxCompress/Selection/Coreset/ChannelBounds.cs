using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Selection.Coreset;

/// <summary>
/// How large the channels of a tensor can be: the bounds of the linear layers that make them, carried through what lies
/// between. Activations apply their envelope, sums add up, products multiply, a depthwise convolution multiplies by the
/// sum of its taps' magnitudes. A residual stream is bounded by the sum of its branches. An operator that is none of
/// these (pooling, reshaping, concatenation) is taken to pass its channels on unchanged. Tensors without fractions are shapes,
/// ids and masks: they have no channels that a layer made.
/// </summary>
/// <param name="relations">Axes of every tensor.</param>
/// <param name="norms">Bounds of linear layers.</param>
internal sealed class ChannelBounds(Relations relations, PointNorms norms)
{
    private readonly Dictionary<string, Dictionary<int, double>> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinearLayer> _layers = relations.Layers.GroupBy(l => l.Node.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
    private readonly HashSet<string> _biases = [.. relations.Layers.Where(l => l.Bias is not null).Select(l => l.Bias!)];

    /// <summary>The bound of each channel that a consumer reads, in its order; 1 where nothing is known.</summary>
    public double[] Of(GroupConsumer consumer, ChannelGroup group)
    {
        var bounds = Of(consumer.Layer.Input);
        return [.. consumer.Channels.Select(c => bounds.GetValueOrDefault(group.Atoms[c], 1))];
    }

    /// <summary>Bounds by the root of each index.</summary>
    private Dictionary<int, double> Of(string tensor)
    {
        if (_known.TryGetValue(tensor, out var known))
        {
            return known;
        }

        var node = relations.Graph.Producer(tensor);
        return _known[tensor] = node is null || !CanHaveChannels(tensor) ? [] : Through(node);
    }

    private bool CanHaveChannels(string tensor) => relations.Shapes.TypeOf(tensor) is var type && (type == ElementType.Undefined || type.IsFloatingPoint());

    private Dictionary<int, double> Through(GraphNode node)
    {
        if (_layers.TryGetValue(node.Name, out var layer) && layer.Map.Kind == LinearKind.Recurrent)
        {
            // Gates keep states within 1; of cell states and other activations nothing is known, which counts as 1 too.
            return relations.KnownAxes(layer.Output)[layer.OutputChannelAxis]!.Ids.Select(relations.Elements.Root).Distinct().ToDictionary(root => root, _ => 1.0);
        }

        if (layer is not null)
        {
            return ByRoot(relations.KnownAxes(layer.Output)[layer.OutputChannelAxis], norms.Of(layer));
        }

        var graph = relations.Graph;
        if (ActivationEnvelope.Of(node, graph) is { } envelope)
        {
            return Of(node.Inputs[0]).ToDictionary(b => b.Key, b => envelope(b.Value));
        }

        return node.OpType switch
        {
            "Add" or "Sub" or "Sum" => Combine(node, skipBiases: true, (a, b) => a + b),
            "Mul" => Combine(node, skipBiases: false, (a, b) => a * b),
            "Div" when graph.Constant(node.Inputs[1]) is not null => Combine(node, skipBiases: false, (a, b) => b > 0 ? a / b : a),
            "Conv" when graph.Constant(node.Inputs[1]) is { } weight => Depthwise(node, weight),
            "BatchNormalization" => Normalised(node),
            "Softmax" => Of(node.Inputs[0]).ToDictionary(b => b.Key, _ => 1.0),
            _ => node.Inputs.Where(i => i.Length > 0 && graph.Constant(i) is null).Select(Of).Aggregate(new Dictionary<int, double>(), Larger),
        };
    }

    /// <summary>Bounds of the operands, one after the other; a constant counts by channel where it has channels.</summary>
    private Dictionary<int, double> Combine(GraphNode node, bool skipBiases, Func<double, double, double> apply)
    {
        Dictionary<int, double>? result = null;
        foreach (var input in node.Inputs.OrderBy(i => relations.Graph.Constant(i) is not null))
        {
            if (relations.Graph.Constant(input) is not { } constant)
            {
                var operand = Of(input);
                result = result is null ? operand : Both(result, operand, apply);
            }
            else if (result is not null && !(skipBiases && _biases.Contains(input)))
            {
                var values = constant.ReadFloats();
                var largest = values.Select(Math.Abs).DefaultIfEmpty().Max();
                var byRoot = Largest(input, values);
                result = result.ToDictionary(b => b.Key, b => apply(b.Value, byRoot.GetValueOrDefault(b.Key, largest)));
            }
        }

        return result ?? [];
    }

    private Dictionary<int, double> Depthwise(GraphNode node, Initializer weight)
    {
        var values = weight.ReadFloats();
        var outputs = (int)weight.Dims[0];
        var each = values.Length / outputs;
        var input = Of(node.Inputs[0]);
        var shifts = node.Input(2) is { } bias ? relations.Graph.Constant(bias)?.ReadFloats() : null;
        var bounds = new Dictionary<int, double>();
        var axis = relations.KnownAxes(node.Inputs[1])[0]!;
        for (var i = 0; i < outputs; i++)
        {
            var root = relations.Elements.Root(axis.Ids[i]);
            var gain = values.AsSpan(i * each, each).ToArray().Sum(v => Math.Abs((double)v));
            var bound = (gain * input.GetValueOrDefault(root, 1)) + Math.Abs(shifts?[i] ?? 0);
            bounds[root] = Math.Max(bound, bounds.GetValueOrDefault(root));
        }

        return bounds;
    }

    private Dictionary<int, double> Normalised(GraphNode node)
    {
        var constants = Enumerable.Range(1, 4).Select(i => relations.Graph.Constant(node.Inputs[i])?.ReadFloats()).ToArray();
        var input = Of(node.Inputs[0]);
        if (constants is not [{ } scale, { } shift, { } mean, { } variance])
        {
            return input;
        }

        var axis = relations.KnownAxes(node.Inputs[1])[0]!;
        var bounds = new Dictionary<int, double>();
        for (var i = 0; i < scale.Length; i++)
        {
            var root = relations.Elements.Root(axis.Ids[i]);
            var factor = scale[i] / Math.Sqrt(variance[i] + node.Float("epsilon", 1e-5f));
            bounds[root] = (Math.Abs(factor) * input.GetValueOrDefault(root, 1)) + Math.Abs(shift[i] - (factor * mean[i]));
        }

        return bounds;
    }

    private Dictionary<int, double> ByRoot(IndexAxis? axis, double[] values)
    {
        var bounds = new Dictionary<int, double>();
        // A recurrent layer has several rows of weights for each output, which its gates keep within 1.
        for (var i = 0; axis?.Length == values.Length && i < values.Length; i++)
        {
            var root = relations.Elements.Root(axis.Ids[i]);
            bounds[root] = Math.Max(values[i], bounds.GetValueOrDefault(root));
        }

        return bounds;
    }

    /// <summary>The largest magnitude in a constant for each root of an axis that shrinks.</summary>
    private Dictionary<int, double> Largest(string constant, float[] values)
    {
        var bounds = new Dictionary<int, double>();
        var axes = relations.KnownAxes(constant);
        var stride = values.Length;
        foreach (var axis in axes)
        {
            var length = axis?.Length ?? 1;
            stride /= Math.Max(1, length);
            for (var i = 0; axis is not null && length > 1 && i < values.Length; i++)
            {
                var root = relations.Elements.Root(axis.Ids[i / stride % length]);
                bounds[root] = Math.Max(Math.Abs(values[i]), bounds.GetValueOrDefault(root));
            }
        }

        return bounds;
    }

    private static Dictionary<int, double> Both(Dictionary<int, double> a, Dictionary<int, double> b, Func<double, double, double> apply)
    {
        // An operand without channels of its own (a gate over positions, say) counts with its largest value.
        var (otherA, otherB) = (a.Values.DefaultIfEmpty(1).Max(), b.Values.DefaultIfEmpty(1).Max());
        return a.Keys.Union(b.Keys).ToDictionary(root => root, root => apply(a.GetValueOrDefault(root, otherA), b.GetValueOrDefault(root, otherB)));
    }

    private static Dictionary<int, double> Larger(Dictionary<int, double> a, Dictionary<int, double> b) =>
        a.Keys.Union(b.Keys).ToDictionary(root => root, root => Math.Max(a.GetValueOrDefault(root), b.GetValueOrDefault(root)));
}
