using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Turns pairs of columns of each head by angles that all heads read from one table: columns stay, heads go whole. Heads lie behind
/// each other, or are an axis of their own.
/// </summary>
internal sealed class RotaryEmbeddingRule : OperatorRule
{
    private const string Heads = "num_heads";

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["RotaryEmbedding", "com.microsoft.RotaryEmbedding"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var sentence = $"'{node.Name}' (RotaryEmbedding) turns them in pairs";
        foreach (var table in node.Inputs.Skip(1).Where(i => i.Length > 0))
        {
            relations.Pin(relations.Axes(table), DiagnosticCodes.NormalizedAxis, node.Name, sentence);
        }

        var (axes, shape) = (relations.Axes(node.Inputs[0]), relations.Shape(node.Inputs[0])!);
        var columns = shape.Length == 4 ? shape[^1] : SizeOf(node, relations, shape[^1]);
        if (shape.Length is not (3 or 4) || columns <= 0 || shape[^1] % columns != 0)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, sentence);
            return;
        }

        // Each position has angles of its own.
        relations.Pin([axes[0], axes[^2]], DiagnosticCodes.NormalizedAxis, node.Name, sentence);
        if (axes[^1] is { } axis)
        {
            if (shape.Length == 4)
            {
                relations.Pin(axis, DiagnosticCodes.NormalizedAxis, node, sentence);
            }
            else
            {
                var (rows, held) = (relations.Elements.NewAxis(axis.Length / columns), relations.Elements.NewAxis(columns));
                relations.Pin(held, DiagnosticCodes.NormalizedAxis, node, sentence);
                for (var i = 0; i < axis.Length; i++)
                {
                    relations.Elements.Cross(axis.Ids[i], rows.Ids[i / columns], held.Ids[i % columns]);
                }
            }
        }

        relations.Set(node.Outputs[0], axes);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var heads = (int)node.Int(Heads, 0);
        if (heads == 0)
        {
            return;
        }

        // Where heads are an axis of their own the number is stated all the same, at times.
        var axes = shrinkage.Axes(node.Inputs[0]);
        if (axes.Length == 4 ? axes[1] is { } own && shrinkage.Shrinks(own) : axes[^1] is { } behind && shrinkage.Shrinks(behind))
        {
            node.SetInt(Heads, axes.Length == 4 ? shrinkage.Kept(axes[1]!) : AttentionHeads.Kept(shrinkage, axes[^1]!, 0, heads, axes[^1]!.Length / heads));
        }
    }

    /// <summary>Columns of a head: what the number of heads says, else twice what the table holds for each position.</summary>
    private static int SizeOf(GraphNode node, Relations relations, int width) =>
        (int)node.Int(Heads, 0) is > 0 and var heads ? (width % heads == 0 ? width / heads : 0)
        : relations.Shape(node.Inputs[node.Domain.Length > 0 ? 2 : 1]) is [.., var half] ? 2 * half : 0;
}
