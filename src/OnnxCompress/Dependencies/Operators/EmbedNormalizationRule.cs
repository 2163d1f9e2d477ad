using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Embeddings of words, positions and segments, their sum and its normalisation in one node, as the runtime's own optimiser writes
/// text encoders: the normalisation reads every channel of the sum, so all of them stay.
/// </summary>
internal sealed class EmbedNormalizationRule : OperatorRule
{
    private const int Words = 2, SumOutput = 2;

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["com.microsoft.EmbedLayerNormalization"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        foreach (var input in node.Inputs.Where(i => i.Length > 0))
        {
            relations.Pin(relations.Axes(input), DiagnosticCodes.NormalizedAxis, node.Name, $"'{node.Name}' ({node.OpType}) normalises over them");
        }

        var channels = relations.Axes(node.Inputs[Words])[^1];
        foreach (var (i, output) in node.Outputs.Index().Where(o => o.Item.Length > 0))
        {
            relations.Set(output, i is 0 or SumOutput ? [null, null, channels] : new IndexAxis?[relations.Shapes.Of(output)?.Length ?? 0]);
        }
    }
}
