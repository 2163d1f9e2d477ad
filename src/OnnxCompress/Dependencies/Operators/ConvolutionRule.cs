using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Conv in any number of dimensions. The output channels are the weight's first axis. One group: the input channels are
/// the weight's second axis, and it is a consumer. Depthwise: output channel c * m + k goes with input channel c.
/// Other groups: position i of every group goes together, so that all groups keep the same size.
/// </summary>
internal sealed class ConvolutionRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Conv"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var weight = node.Inputs[1];
        var input = relations.Axes(node.Inputs[0]);
        relations.Pin(input.Skip(2), DiagnosticCodes.AxisNotChannels, node.Name, $"'{node.Name}' (Conv) convolves over them");
        if (relations.Graph.Constant(weight) is null)
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"the weight of '{node.Name}' (Conv) is computed, not a constant");
            return;
        }

        var axes = relations.Axes(weight);
        if (axes.Length < 3 || relations.Shape(node.Inputs[0])!.Length != axes.Length || (node.Input(2) is { } added && relations.Shape(added) is not { Length: 1 }))
        {
            relations.Opaque(node, DiagnosticCodes.ShapeUnknown, $"the operands of '{node.Name}' (Conv) do not belong together");
            return;
        }

        var output = relations.Shapes.Of(node.Outputs[0])!;
        var map = LinearMap.Of(node, relations.Graph)!;
        if (map.Groups == 1)
        {
            relations.Contract(input[1], axes[1], node);
        }
        else
        {
            RelateGroups(map, relations, input[1], axes);
        }

        if (map.BiasInput is { } bias)
        {
            relations.Unify(axes[0], relations.Axes(bias)[0], node);
        }

        var result = new IndexAxis?[output.Length];
        (result[0], result[1]) = (input[0], axes[0]);
        relations.Set(node.Outputs[0], result);
        Describe(map, relations, output, axes);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var (axes, groups) = (shrinkage.Axes(node.Inputs[1]), LinearMap.GroupsOf(node));
        if (groups > 1 && axes[1]!.Length == 1 && axes[0]!.Length % groups == 0 && shrinkage.Axes(node.Inputs[0])[1] is { } channels)
        {
            LinearMap.SetGroups(node, shrinkage.Kept(channels));
        }
    }

    private static void RelateGroups(LinearMap map, Relations relations, IndexAxis? channels, IndexAxis?[] weight)
    {
        var (node, groups, outputs) = (map.Node, map.Groups, weight[0]!);
        if (channels is null)
        {
            relations.Pin(outputs, DiagnosticCodes.TiedToInput, node, $"'{node.Name}' (Conv) convolves channels of the model's input one by one");
            return;
        }

        var perGroup = channels.Length / groups;
        if (map.IsDepthwise)
        {
            var multiplier = outputs.Length / groups;
            for (var i = 0; i < outputs.Length; i++)
            {
                relations.Elements.Tie(outputs.Ids[i], channels.Ids[i / multiplier]);
            }

            return;
        }

        for (var i = 0; i < channels.Length; i++)
        {
            relations.Elements.Tie(channels.Ids[i], weight[1]!.Ids[i % perGroup]);
        }

        var outputsPerGroup = outputs.Length / groups;
        for (var i = outputsPerGroup; i < outputs.Length; i++)
        {
            relations.Elements.Tie(outputs.Ids[i], outputs.Ids[i % outputsPerGroup]);
        }
    }

    private static void Describe(LinearMap map, Relations relations, int[] output, IndexAxis?[] weight)
    {
        var kernel = map.Kernel.Aggregate(1L, (product, size) => product * size);
        var positions = output.Skip(LinearMap.SpatialFrom).Aggregate(kernel, (product, size) => product * size) * output[0];
        relations.Add(new MacTerm(map.Node.Name, positions, map.IsDepthwise ? [weight[0]!] : [weight[0]!, weight[1]!]));
        if (!map.IsDepthwise)
        {
            relations.Add(new LinearLayer(map, 1, 1) { Bias = map.BiasInput });
        }
    }
}
