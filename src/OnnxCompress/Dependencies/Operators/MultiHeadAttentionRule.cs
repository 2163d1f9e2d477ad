using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Attention of the runtime's own with as many heads of keys as of queries, each operand with its heads behind each other. Values may
/// be of another width than keys. Operands that are packed into one, or have heads as an axis of their own, are held.
/// </summary>
internal sealed class MultiHeadAttentionRule : OperatorRule
{
    private const int Key = 1, Value = 2, Bias = 3, AttentionBias = 5, PastKey = 6, PastValue = 7;
    private const int PresentKey = 1, PresentValue = 2, Scores = 3;
    private const string Heads = "num_heads";

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["com.microsoft.MultiHeadAttention"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var heads = (int)node.Int(Heads, 0);
        if (node.Input(Key) is not { } keys || node.Input(Value) is not { } values
            || relations.Shape(node.Inputs[0]) is not [var samples, var length, var width] || relations.Shape(keys) is not [_, var keyLength, var keyWidth]
            || relations.Shape(values) is not [_, _, var valueWidth] || heads <= 0 || width == 0 || width != keyWidth || width % heads != 0 || valueWidth % heads != 0)
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"'{node.Name}' (MultiHeadAttention) reads queries, keys and values in another form than heads behind each other");
            return;
        }

        var isCached = AttentionHeads.UsesCache(node, relations.Graph, [PastKey, PastValue], [PresentKey, PresentValue]);
        var attention = new AttentionHeads(node, relations, heads, heads, isCached);
        ScoreOperand? Operand(string tensor, int start) =>
            OperandTrace.Of(tensor, 2, heads, width / heads, relations, node.Input(Bias) is { } shift ? (shift, start) : null);
        var summed = attention.SummedColumns(width / heads, Operand(node.Inputs[0], 0), Operand(keys, width), AttentionHeads.OutputOf(node, Scores) is not null);
        var kept = attention.ValueColumns(valueWidth / heads, like: null);
        attention.RelateQueries(relations.Axes(node.Inputs[0])[^1], summed);
        attention.RelateKeys(relations.Axes(keys)[^1], summed);
        attention.RelateKeys(relations.Axes(values)[^1], kept);
        if (node.Input(Bias) is { } bias)
        {
            RelateBias(node, relations, attention, relations.Axes(bias) is [var axis] ? axis : null, summed, kept, heads);
        }

        foreach (var operand in node.Inputs.Take(Value + 1))
        {
            attention.HoldPositions(operand);
        }

        attention.RelateScores(node.Input(AttentionBias));
        attention.RelateCache(node.Input(PastKey), AttentionHeads.OutputOf(node, PresentKey), summed);
        attention.RelateCache(node.Input(PastValue), AttentionHeads.OutputOf(node, PresentValue), kept);
        relations.Set(node.Outputs[0], null, null, attention.Output(kept));
        if (AttentionHeads.OutputOf(node, Scores) is { } scores)
        {
            relations.Set(scores, null, attention.OutputHeads(), null, null);
        }

        var past = node.Input(PastKey) is { } before ? relations.Shape(before)![2] : 0;
        attention.Count((long)samples * length * (past + keyLength), summed, kept);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (shrinkage.Axes(node.Inputs[0]) is [_, _, { } query] && shrinkage.Shrinks(query))
        {
            var heads = (int)node.Int(Heads, 1);
            node.SetInt(Heads, AttentionHeads.Kept(shrinkage, query, 0, heads, query.Length / heads));
            AttentionHeads.KeepScale(node, shrinkage, query, query.Length / heads);
        }
    }

    /// <summary>One constant for queries, keys and values, behind each other.</summary>
    private static void RelateBias(GraphNode node, Relations relations, AttentionHeads attention, IndexAxis? axis, IndexAxis summed, IndexAxis kept, int heads)
    {
        var (width, valueWidth) = (heads * summed.Length, heads * kept.Length);
        if (axis?.Length != (2 * width) + valueWidth)
        {
            relations.Opaque(node, DiagnosticCodes.WeightNotConstant, $"'{node.Name}' (MultiHeadAttention) adds a bias that this tool does not map");
            return;
        }

        attention.RelateQueries(new IndexAxis(axis.Ids[..width]), summed);
        attention.RelateKeys(new IndexAxis(axis.Ids[width..(2 * width)]), summed);
        attention.RelateKeys(new IndexAxis(axis.Ids[(2 * width)..]), kept);
    }
}
