using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>ConvTranspose: the weight is inputs x outputs x kernel. With groups, only the depthwise form is mapped.</summary>
internal sealed class TransposedConvolutionRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["ConvTranspose"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var weight = node.Inputs[1];
        var groups = node.Int("group", 1);
        if (relations.Graph.Constant(weight) is null)
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"the weight of '{node.Name}' (ConvTranspose) is computed, not a constant");
            return;
        }

        var axes = relations.Axes(weight);
        if (axes.Length < 3 || relations.Shape(node.Inputs[0])!.Length != axes.Length || (node.Input(2) is { } added && relations.Shape(added) is not { Length: 1 }))
        {
            relations.Opaque(node, DiagnosticCodes.ShapeUnknown, $"the operands of '{node.Name}' (ConvTranspose) do not belong together");
            return;
        }

        var isDepthwise = groups > 1 && axes[0]!.Length == groups && axes[1]!.Length == 1;
        if (groups > 1 && !isDepthwise)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"'{node.Name}' (ConvTranspose) has groups of several channels");
            return;
        }

        var input = relations.Axes(node.Inputs[0]);
        relations.Pin(input.Skip(2), DiagnosticCodes.AxisNotChannels, node.Name, $"'{node.Name}' (ConvTranspose) convolves over them");
        relations.Unify(input[1], axes[0], node);
        var channels = isDepthwise ? axes[0] : axes[1];
        if (node.Input(2) is { } bias)
        {
            relations.Unify(channels, relations.Axes(bias)[0], node);
        }

        var result = new IndexAxis?[relations.Shapes.Of(node.Outputs[0])!.Length];
        (result[0], result[1]) = (input[0], channels);
        relations.Set(node.Outputs[0], result);
        Describe(node, relations, axes, isDepthwise);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (node.Int("group", 1) > 1 && shrinkage.Axes(node.Inputs[1])[0] is { } channels)
        {
            node.SetInt("group", shrinkage.Kept(channels));
        }
    }

    private static void Describe(GraphNode node, Relations relations, IndexAxis?[] weight, bool isDepthwise)
    {
        // Every input position meets every kernel tap once.
        var shape = relations.Shape(node.Inputs[0])!;
        var kernel = weight.Skip(2).Aggregate(1L, (product, axis) => product * axis!.Length);
        var positions = shape.Skip(2).Aggregate(kernel * shape[0], (product, size) => product * size);
        relations.Add(new MacTerm(node.Name, positions, isDepthwise ? [weight[0]!] : [weight[0]!, weight[1]!]));
        if (!isDepthwise)
        {
            relations.Add(new LinearLayer
            {
                Node = node,
                Weight = node.Inputs[1],
                OutputAxis = 1,
                InputAxis = 0,
                Input = node.Inputs[0],
                InputChannelAxis = 1,
                Output = node.Outputs[0],
                OutputChannelAxis = 1,
                Bias = node.Input(2),
            });
        }
    }
}
