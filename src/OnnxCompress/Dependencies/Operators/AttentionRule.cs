using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Attention of the standard: several query heads may share one head of keys and values, whose widths may differ. Heads lie behind
/// each other, or are an axis of their own.
/// </summary>
internal sealed class AttentionRule : OperatorRule
{
    private const int Key = 1, Value = 2, Mask = 3, PastKey = 4, PastValue = 5;
    private const int PresentKey = 1, PresentValue = 2, Scores = 3;
    private const string Heads = "q_num_heads", KeyHeads = "kv_num_heads";

    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Attention"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        if (FormOf(node, relations) is not var (heads, keyHeads, size, valueSize))
        {
            relations.Opaque(node, DiagnosticCodes.OperatorNotMapped, $"'{node.Name}' (Attention) reads queries, keys and values of shapes that this tool does not map");
            return;
        }

        var isCached = AttentionHeads.UsesCache(node, relations.Graph, [PastKey, PastValue], [PresentKey, PresentValue]);
        var attention = new AttentionHeads(node, relations, heads, keyHeads, isCached);
        var isShown = AttentionHeads.OutputOf(node, Scores) is not null || node.Float("softcap", 0) != 0;
        ScoreOperand? Operand(int input, int behind) => OperandTrace.Of(
            node.Inputs[input], relations.Shape(node.Inputs[input])!.Length - 1, relations.Shape(node.Inputs[input])!.Length == 3 ? behind : 0, size, relations);
        var (summed, kept) = (attention.SummedColumns(size, Operand(0, heads), Operand(Key, keyHeads), isShown), attention.ValueColumns(valueSize, like: null));
        var (query, key, value) = (relations.Axes(node.Inputs[0]), relations.Axes(node.Inputs[Key]), relations.Axes(node.Inputs[Value]));
        if (query.Length == 3)
        {
            attention.RelateQueries(query[^1], summed);
            attention.RelateKeys(key[^1], summed);
            attention.RelateKeys(value[^1], kept);
            relations.Set(node.Outputs[0], null, null, attention.Output(kept));
        }
        else
        {
            attention.RelateQueryHeads(query[1]);
            attention.RelateKeyHeads(key[1]);
            attention.RelateKeyHeads(value[1]);
            attention.RelateColumns(query[^1], summed);
            attention.RelateColumns(key[^1], summed);
            attention.RelateColumns(value[^1], kept);
            relations.Set(node.Outputs[0], null, attention.OutputHeads(), null, kept);
        }

        foreach (var operand in node.Inputs.Take(Value + 1))
        {
            attention.HoldPositions(operand);
        }

        attention.RelateScores(node.Input(Mask));
        attention.RelateCache(node.Input(PastKey), AttentionHeads.OutputOf(node, PresentKey), summed);
        attention.RelateCache(node.Input(PastValue), AttentionHeads.OutputOf(node, PresentValue), kept);
        if (AttentionHeads.OutputOf(node, Scores) is { } scores)
        {
            relations.Set(scores, null, attention.OutputHeads(), null, null);
        }

        var past = node.Input(PastKey) is { } before ? relations.Shape(before)![2] : 0;
        var shape = relations.Shape(node.Inputs[0])!;
        attention.Count((long)shape[0] * shape[^2] * (past + relations.Shape(node.Inputs[Key])![^2]), summed, kept);
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        if (shrinkage.Axes(node.Inputs[0]) is [.., { } columns])
        {
            AttentionHeads.KeepScale(node, shrinkage, columns, shrinkage.Shapes.Of(node.Inputs[0]) is { Length: 4 } ? columns.Length : columns.Length / (int)node.Int(Heads, 1));
        }

        // With heads as an axis of their own the node states none.
        if (node.Has(Heads) && shrinkage.Axes(node.Inputs[0]) is [_, _, { } query] && shrinkage.Shrinks(query))
        {
            var heads = (int)node.Int(Heads, 1);
            node.SetInt(Heads, AttentionHeads.Kept(shrinkage, query, 0, heads, query.Length / heads));
        }

        if (node.Has(KeyHeads) && shrinkage.Axes(node.Inputs[Key]) is [_, _, { } key] && shrinkage.Shrinks(key))
        {
            var heads = (int)node.Int(KeyHeads, 1);
            node.SetInt(KeyHeads, AttentionHeads.Kept(shrinkage, key, 0, heads, key.Length / heads));
        }
    }

    /// <summary>Heads of queries and of keys, and columns of each head of keys and of values; null for shapes that do not fit.</summary>
    private static (int Heads, int KeyHeads, int Size, int ValueSize)? FormOf(GraphNode node, Relations relations)
    {
        var (query, key, value) = (relations.Shape(node.Inputs[0]), relations.Shape(node.Inputs[Key]), relations.Shape(node.Inputs[Value]));
        var (heads, keyHeads) = query?.Length == 4 ? (query[1], key is { Length: 4 } ? key[1] : 0) : ((int)node.Int(Heads, 0), (int)node.Int(KeyHeads, 0));
        if (query is not { Length: 3 or 4 } || key?.Length != query.Length || value?.Length != query.Length || heads <= 0 || keyHeads <= 0 || heads % keyHeads != 0)
        {
            return null;
        }

        var (size, keySize, valueSize) = query.Length == 4 ? (query[^1], key[^1], value[^1]) : (query[^1] / heads, key[^1] / keyHeads, value[^1] / keyHeads);
        return size > 0 && size == keySize && (query.Length == 4 ? value[1] == keyHeads : query[^1] == heads * size && value[^1] == keyHeads * valueSize) ? (heads, keyHeads, size, valueSize) : null;
    }
}
