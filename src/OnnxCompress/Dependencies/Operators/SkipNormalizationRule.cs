using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// The sum of two activations and its normalisation in one node, as the runtime's own optimiser writes transformers: the
/// normalisation reads every channel of the sum, so all of them stay unless they are those of a residual stream that is turned.
/// </summary>
internal sealed class SkipNormalizationRule : OperatorRule
{
    /// <summary>The output that is the sum before it is normalised.</summary>
    private const int SumOutput = 3;

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["com.microsoft.SkipLayerNormalization", "com.microsoft.SkipSimplifiedLayerNormalization"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var isPassing = relations.Passing.Contains(node.Name);
        foreach (var input in node.Inputs.Where(i => i.Length > 0))
        {
            if (isPassing)
            {
                relations.Unify(relations.Axes(node.Inputs[0])[^1], relations.Axes(input)[^1], node);
                continue;
            }

            relations.Pin(relations.Axes(input), DiagnosticCodes.NormalizedAxis, node.Name, $"'{node.Name}' ({node.OpType}) normalises over them");
        }

        for (var i = 0; i < node.Outputs.Count; i++)
        {
            var output = node.Outputs[i];
            relations.Set(output, i is 0 or SumOutput ? relations.Axes(node.Inputs[0]) : new IndexAxis?[relations.Shapes.Of(output)?.Length ?? 0]);
        }
    }
}
