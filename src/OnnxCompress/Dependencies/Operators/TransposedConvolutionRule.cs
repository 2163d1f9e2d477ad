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

        var map = LinearMap.Of(node, relations.Graph)!;
        var isDepthwise = map.IsDepthwise && map.Outputs == map.Inputs;
        if (map.Groups > 1 && !isDepthwise)
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
        Describe(map, relations, axes, isDepthwise);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (LinearMap.GroupsOf(node) > 1 && shrinkage.Axes(node.Inputs[1])[0] is { } channels)
        {
            LinearMap.SetGroups(node, shrinkage.Kept(channels));
        }
    }

    private static void Describe(LinearMap map, Relations relations, IndexAxis?[] weight, bool isDepthwise)
    {
        // Every input position meets every kernel tap once.
        var shape = relations.Shape(map.Input)!;
        var kernel = map.Kernel.Aggregate(1L, (product, size) => product * size);
        var positions = shape.Skip(LinearMap.SpatialFrom).Aggregate(kernel * shape[0], (product, size) => product * size);
        relations.Add(new MacTerm(map.Node.Name, positions, isDepthwise ? [weight[0]!] : [weight[0]!, weight[1]!]));
        if (!isDepthwise)
        {
            relations.Add(new LinearLayer(map, 1, 1) { Bias = map.BiasInput });
        }
    }
}
