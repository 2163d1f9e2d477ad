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
        var groups = (int)node.Int("group", 1);
        if (groups == 1)
        {
            relations.Contract(input[1], axes[1], node);
        }
        else
        {
            RelateGroups(node, relations, input[1], axes, groups);
        }

        if (node.Input(2) is { } bias)
        {
            relations.Unify(axes[0], relations.Axes(bias)[0], node);
        }

        var result = new IndexAxis?[output.Length];
        (result[0], result[1]) = (input[0], axes[0]);
        relations.Set(node.Outputs[0], result);
        Describe(node, relations, groups, output, axes);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var axes = shrinkage.Axes(node.Inputs[1]);
        var groups = node.Int("group", 1);
        if (IsDepthwise(groups, axes) && shrinkage.Axes(node.Inputs[0])[1] is { } channels)
        {
            node.SetInt("group", shrinkage.Kept(channels));
        }
    }

    private static bool IsDepthwise(long groups, IndexAxis?[] weight) => groups > 1 && weight[1]!.Length == 1 && weight[0]!.Length % groups == 0;

    private static void RelateGroups(GraphNode node, Relations relations, IndexAxis? channels, IndexAxis?[] weight, int groups)
    {
        var outputs = weight[0]!;
        if (channels is null)
        {
            relations.Pin(outputs, DiagnosticCodes.TiedToInput, node, $"'{node.Name}' (Conv) convolves channels of the model's input one by one");
            return;
        }

        var perGroup = channels.Length / groups;
        if (IsDepthwise(groups, weight))
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

    private static void Describe(GraphNode node, Relations relations, int groups, int[] output, IndexAxis?[] weight)
    {
        var kernel = weight.Skip(2).Aggregate(1L, (product, axis) => product * axis!.Length);
        var positions = output.Skip(2).Aggregate(kernel, (product, size) => product * size) * output[0];
        relations.Add(new MacTerm(node.Name, positions, IsDepthwise(groups, weight) ? [weight[0]!] : [weight[0]!, weight[1]!]));
        if (IsDepthwise(groups, weight))
        {
            return;
        }

        relations.Add(new LinearLayer
        {
            Node = node,
            Weight = node.Inputs[1],
            OutputAxis = 0,
            InputAxis = 1,
            Input = node.Inputs[0],
            InputChannelAxis = 1,
            Output = node.Outputs[0],
            OutputChannelAxis = 1,
            Bias = node.Input(2),
            PassesConstants = node.Text("auto_pad", "NOTSET") is "NOTSET" or "VALID" && node.Ints("pads").All(p => p == 0),
        });
    }
}
