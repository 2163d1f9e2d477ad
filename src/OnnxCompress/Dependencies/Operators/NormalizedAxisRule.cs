using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Operators that mix all indices of some axes non-linearly (layer and group normalisation, softmax): removing an index
/// changes the others, so those axes are held; the other axes pass. Channels of a residual stream that is turned pass too.
/// </summary>
internal sealed class NormalizedAxisRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } =
        ["LayerNormalization", "GroupNormalization", "RMSNormalization", "SimplifiedLayerNormalization", "LpNormalization", "Softmax", "LogSoftmax", "Hardmax", "LRN", "MeanVarianceNormalization", "CumSum"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var axes = relations.Axes(node.Inputs[0]);
        if (relations.Passing.Contains(node.Name))
        {
            foreach (var constant in node.Inputs.Skip(1).Where(i => i.Length > 0))
            {
                relations.Unify(axes[^1], relations.Axes(constant)[^1], node);
            }

            relations.Set(node.Outputs[0], axes);
            return;
        }

        var sentence = $"'{node.Name}' ({node.OpType}) normalises over them";
        relations.Pin(Mixed(node, axes, relations), DiagnosticCodes.NormalizedAxis, node.Name, sentence);
        foreach (var constant in node.Inputs.Skip(1).Where(i => i.Length > 0))
        {
            relations.Pin(relations.Axes(constant), DiagnosticCodes.NormalizedAxis, node.Name, sentence);
        }

        relations.Set(node.Outputs[0], axes);
        foreach (var output in node.Outputs.Skip(1))
        {
            relations.Set(output, new IndexAxis?[relations.Shapes.Of(output)?.Length ?? 0]);
        }
    }

    private static IndexAxis?[] Mixed(GraphNode node, IndexAxis?[] axes, Relations relations)
    {
        var fromLast = node.OpType is "Softmax" or "LogSoftmax" or "Hardmax" && relations.Opset >= 13 ? -1 : 1;
        var axis = (int)node.Int("axis", node.OpType is "LayerNormalization" or "RMSNormalization" or "SimplifiedLayerNormalization" or "LpNormalization" ? -1 : fromLast);
        axis = axis < 0 ? axis + axes.Length : axis;
        return node.OpType switch
        {
            // Before opset 13 softmax flattened everything from the axis on.
            "Softmax" or "LogSoftmax" or "Hardmax" when relations.Opset < 13 => axes[axis..],
            "Softmax" or "LogSoftmax" or "Hardmax" or "LpNormalization" => [axes[axis]],
            "LayerNormalization" or "RMSNormalization" or "SimplifiedLayerNormalization" => axes[axis..],
            "GroupNormalization" => axes[1..],
            "LRN" => [axes[1]],
            _ => axes,
        };
    }
}
