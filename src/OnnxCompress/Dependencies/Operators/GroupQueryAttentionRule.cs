using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Attention of the runtime's own in which several query heads share one head of keys and values, as language models have it: operands
/// with heads behind each other, or all three in one. Keys and values have one width, which the cache has too, so it stays.
/// </summary>
internal sealed class GroupQueryAttentionRule : OperatorRule
{
    private const int Key = 1, Value = 2, PastKey = 3, PastValue = 4, AttentionBias = 10, HeadSink = 11;
    private const int PresentKey = 1, PresentValue = 2, Scores = 3;
    private const string Heads = "num_heads", KeyHeads = "kv_num_heads";

    /// <summary>Tables of angles, scales of a cache and weights of the normalisation of each head: one number for each column.</summary>
    private static readonly int[] ByColumn = [7, 8, 12, 13, 14, 15];

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["com.microsoft.GroupQueryAttention"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var (heads, keyHeads) = ((int)node.Int(Heads, 0), (int)node.Int(KeyHeads, 0));
        var isPacked = node.Input(Key) is null;
        var parts = isPacked ? heads + (2 * keyHeads) : heads;
        if (relations.Shape(node.Inputs[0]) is not [var samples, var length, var width] || width == 0 || heads <= 0 || keyHeads <= 0 || heads % keyHeads != 0 || width % parts != 0
            || (!isPacked && (relations.Shape(node.Inputs[Key]) is not [_, _, var keyWidth] || keyWidth != width / heads * keyHeads || node.Input(Value) is null)))
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"'{node.Name}' (GroupQueryAttention) reads queries, keys and values in another form than heads behind each other");
            return;
        }

        var size = width / parts;
        var isCached = AttentionHeads.UsesCache(node, relations.Graph, [PastKey, PastValue], [PresentKey, PresentValue]);
        var attention = new AttentionHeads(node, relations, heads, keyHeads, isCached);
        var summed = attention.SummedColumns(size);
        var kept = attention.ValueColumns(size, $"values are as wide as keys in '{node.Name}' (GroupQueryAttention), which sums over those");
        IndexAxis?[] operands = isPacked ? Parts(relations.Axes(node.Inputs[0])[^1], heads * size, keyHeads * size)
            : [.. new[] { 0, Key, Value }.Select(i => relations.Axes(node.Inputs[i])[^1])];
        attention.RelateQueries(operands[0], summed);
        attention.RelateKeys(operands[1], summed);
        attention.RelateKeys(operands[2], kept);
        foreach (var operand in node.Inputs.Take(isPacked ? 1 : Value + 1))
        {
            attention.HoldPositions(operand);
        }

        attention.RelateScores(node.Input(AttentionBias));
        if (node.Input(HeadSink) is { } sink)
        {
            attention.RelateQueryHeads(relations.Axes(sink)[0]);
        }

        relations.Pin(ByColumn.Select(node.Input).OfType<string>().SelectMany(relations.Axes), DiagnosticCodes.ProductOfActivations, node.Name, $"'{node.Name}' (GroupQueryAttention) reads one for each column of its heads");
        attention.RelateCache(node.Input(PastKey), AttentionHeads.OutputOf(node, PresentKey), summed);
        attention.RelateCache(node.Input(PastValue), AttentionHeads.OutputOf(node, PresentValue), kept);
        relations.Set(node.Outputs[0], null, null, attention.Output(kept));
        if (AttentionHeads.OutputOf(node, Scores) is { } scores)
        {
            relations.Set(scores, null, attention.OutputHeads(), null, null);
        }

        var total = AttentionHeads.OutputOf(node, PresentKey) is { } present && relations.Shape(present) is [_, _, var positions, _] ? positions : length;
        attention.Count((long)samples * length * total, summed, kept);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (shrinkage.Axes(node.Inputs[0]) is not [_, _, { } query] || !shrinkage.Shrinks(query))
        {
            return;
        }

        var (heads, keyHeads) = ((int)node.Int(Heads, 1), (int)node.Int(KeyHeads, 1));
        var isPacked = node.Input(Key) is null;
        var size = query.Length / (isPacked ? heads + (2 * keyHeads) : heads);
        var keys = isPacked ? new IndexAxis(query.Ids[(heads * size)..]) : shrinkage.Axes(node.Inputs[Key])[^1];
        node.SetInt(Heads, AttentionHeads.Kept(shrinkage, query, 0, heads, size));
        node.SetInt(KeyHeads, keys is null ? keyHeads : AttentionHeads.Kept(shrinkage, keys, 0, keyHeads, size));
    }

    private static IndexAxis?[] Parts(IndexAxis? axis, int queries, int keys) =>
        axis is null ? [null, null, null] : [new IndexAxis(axis.Ids[..queries]), new IndexAxis(axis.Ids[queries..(queries + keys)]), new IndexAxis(axis.Ids[(queries + keys)..])];
}
