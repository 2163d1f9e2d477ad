using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Operators over image positions that treat each channel alone.</summary>
internal sealed class PoolingRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } =
        ["MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        relations.Pin(input.Skip(2), DiagnosticCodes.AxisNotChannels, node.Name, $"'{node.Name}' ({node.OpType}) pools over them");
        if (node.Outputs.Skip(1).Any(indices => relations.Graph.Uses(indices).Count > 0 || relations.Graph.IsOutput(indices)))
        {
            relations.Pin(input[1], DiagnosticCodes.OperatorNotMapped, node, $"'{node.Name}' ({node.OpType}) gives out indices that count through them");
        }

        foreach (var output in node.Outputs)
        {
            var axes = new IndexAxis?[input.Length];
            (axes[0], axes[1]) = (input[0], input[1]);
            relations.Set(output, axes);
        }
    }
}
