using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Normalisations that treat each channel alone: their per-channel constants shrink with the channels.</summary>
internal sealed class ChannelNormalizationRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["BatchNormalization", "InstanceNormalization"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var axes = relations.Axes(node.Inputs[0]);
        foreach (var constant in node.Inputs.Skip(1))
        {
            relations.Unify(axes[1], relations.Axes(constant)[0], node);
        }

        if (node.OpType == "InstanceNormalization")
        {
            relations.Pin(axes.Skip(2), DiagnosticCodes.NormalizedAxis, node.Name, $"'{node.Name}' (InstanceNormalization) normalises over them");
        }

        relations.Set(node.Outputs[0], axes);
        foreach (var output in node.Outputs.Skip(1))
        {
            relations.Set(output, new IndexAxis?[relations.Shapes.Of(output)?.Length ?? 0]);
        }
    }
}
