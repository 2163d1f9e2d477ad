using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// The heads of an attention in one node. Index i of head h of an operand lies in the row h and the column i: a row goes whole, from
/// queries, keys, values and output together, with all query heads that share its keys; a column goes from the values of all heads.
/// Scores sum over columns of queries and keys, which go from both at once, in a basis of each head's own. Where keys and values are cached, whoever calls the model knows
/// their heads and widths, so these stay, and of the query heads of each group as many go everywhere.
/// </summary>
internal sealed class AttentionHeads
{
    private const string Scale = "scale";

    private readonly GraphNode _node;
    private readonly Relations _relations;

    /// <summary>The element of each head.</summary>
    private readonly int[] _queryRows, _keyRows;

    /// <param name="node">The node.</param>
    /// <param name="relations">Where axes are.</param>
    /// <param name="heads">Heads of queries, and of the output.</param>
    /// <param name="keyHeads">Heads of keys and values, each shared by as many query heads behind each other.</param>
    /// <param name="isCached">Whether keys and values come from outside, or are handed on.</param>
    public AttentionHeads(GraphNode node, Relations relations, int heads, int keyHeads, bool isCached)
    {
        (_node, _relations, IsCached) = (node, relations, isCached);
        var shared = heads / keyHeads;
        _keyRows = relations.Elements.NewAxis(keyHeads).Ids;
        // A group of query heads goes with its keys, or each group loses the head at the same place.
        var members = (isCached || keyHeads == 1) && shared > 1 ? relations.Elements.NewAxis(shared).Ids : null;
        _queryRows = [.. Enumerable.Range(0, heads).Select(h => members is null ? _keyRows[h / shared] : members[h % shared])];
        if (isCached)
        {
            Pin(_keyRows, DiagnosticCodes.ReachesOutput, CacheSentence);
        }
    }

    /// <summary>Whether keys and values come from outside, or are handed on.</summary>
    public bool IsCached { get; }

    private string CacheSentence => $"heads and widths of the cache of keys and values of '{_node.Name}' ({_node.OpType}) are known to whoever runs the model";

    /// <summary>Whether something feeds or reads a cache.</summary>
    /// <param name="node">The node.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="inputs">Inputs that are caches.</param>
    /// <param name="outputs">Outputs that are caches.</param>
    public static bool UsesCache(GraphNode node, ModelGraph graph, int[] inputs, int[] outputs) =>
        inputs.Any(i => node.Input(i) is not null)
        || outputs.Any(o => o < node.Outputs.Count && node.Outputs[o] is { Length: > 0 } made && (graph.IsOutput(made) || graph.Uses(made).Count > 0));

    /// <summary>Holds samples and positions of an operand: each position is weighed against all others.</summary>
    /// <param name="operand">Queries, keys or values.</param>
    public void HoldPositions(string operand)
    {
        var axes = _relations.Axes(operand);
        _relations.Pin([axes[0], axes[^2]], DiagnosticCodes.NormalizedAxis, _node.Name, $"'{_node.Name}' ({_node.OpType}) weighs positions against each other");
    }

    /// <summary>Columns of queries and keys, which stay.</summary>
    public IndexAxis SummedColumns(int size)
    {
        var columns = _relations.Elements.NewAxis(size);
        Pin(
            columns.Ids, IsCached ? DiagnosticCodes.ReachesOutput : DiagnosticCodes.ProductOfActivations,
            IsCached ? CacheSentence : $"'{_node.Name}' ({_node.OpType}) sums products of queries and keys over them");
        return columns;
    }

    /// <summary>Columns of queries and keys, which go where the layers that make them can be brought to another basis.</summary>
    /// <param name="size">How many there are.</param>
    /// <param name="queries">Queries.</param>
    /// <param name="keys">Keys.</param>
    /// <param name="isShown">Whether scores are more than what softmax reads.</param>
    public IndexAxis SummedColumns(int size, ScoreOperand? queries, ScoreOperand? keys, bool isShown)
    {
        if (IsCached || queries is null || keys is null)
        {
            return SummedColumns(size);
        }

        var columns = _relations.Elements.NewAxis(size);
        _relations.Add(new ScoreProduct(_node, columns, queries, keys, !isShown));
        return columns;
    }

    /// <summary>Columns of values.</summary>
    /// <param name="size">How many there are.</param>
    /// <param name="like">Why they are as many as those of keys; null where they may be fewer.</param>
    public IndexAxis ValueColumns(int size, string? like)
    {
        var columns = _relations.Elements.NewAxis(size);
        if (IsCached || like is not null)
        {
            Pin(columns.Ids, IsCached ? DiagnosticCodes.ReachesOutput : DiagnosticCodes.ProductOfActivations, IsCached ? CacheSentence : like!);
        }

        return columns;
    }

    /// <summary>States that an operand holds the queries of all heads behind each other.</summary>
    public void RelateQueries(IndexAxis? axis, IndexAxis columns) => Cross(axis, _queryRows, columns);

    /// <summary>States that an operand holds the keys or values of all heads behind each other.</summary>
    public void RelateKeys(IndexAxis? axis, IndexAxis columns) => Cross(axis, _keyRows, columns);

    /// <summary>States that an axis has one index for each query head.</summary>
    public void RelateQueryHeads(IndexAxis? axis) => Tie(axis, _queryRows);

    /// <summary>States that an axis has one index for each head of keys and values.</summary>
    public void RelateKeyHeads(IndexAxis? axis) => Tie(axis, _keyRows);

    /// <summary>States that an axis has one index for each column.</summary>
    public void RelateColumns(IndexAxis? axis, IndexAxis columns) => Tie(axis, columns.Ids);

    /// <summary>What is added to scores may be another for each head, along the third axis from the end.</summary>
    public void RelateScores(string? added)
    {
        if (added is null)
        {
            return;
        }

        var axes = _relations.Axes(added);
        var isByHead = axes.Length >= 3 && _relations.Shape(added)![^3] == _queryRows.Length && _queryRows.Length > 1;
        _relations.Pin(axes.Where((_, i) => !isByHead || i != axes.Length - 3), DiagnosticCodes.NormalizedAxis, _node.Name, $"'{_node.Name}' ({_node.OpType}) weighs positions against each other");
        if (isByHead)
        {
            RelateQueryHeads(axes[^3]);
        }
    }

    /// <summary>Keys or values of earlier positions, and with those of this run: samples, heads, positions, columns.</summary>
    public void RelateCache(string? past, string? present, IndexAxis columns)
    {
        if (past is not null && _relations.Axes(past) is [_, var heads, _, var width])
        {
            RelateKeyHeads(heads);
            RelateColumns(width, columns);
        }

        if (present is not null)
        {
            _relations.Set(present, null, new IndexAxis(_keyRows), null, columns);
        }
    }

    /// <summary>Heads of the output, behind each other.</summary>
    public IndexAxis Output(IndexAxis columns)
    {
        var output = _relations.Elements.NewAxis(checked(_queryRows.Length * columns.Length));
        Cross(output, _queryRows, columns);
        return output;
    }

    /// <summary>Heads of the output, or of scores, as an axis of their own.</summary>
    public IndexAxis OutputHeads() => new(_queryRows);

    /// <summary>Notes what scores and weighted values cost.</summary>
    /// <param name="pairs">Pairs of a query and a key, of all samples.</param>
    /// <param name="summed">Columns of queries.</param>
    /// <param name="made">Columns of the output.</param>
    public void Count(long pairs, IndexAxis summed, IndexAxis made)
    {
        _relations.Add(new MacTerm(_node.Name, pairs, [OutputHeads(), summed]));
        _relations.Add(new MacTerm(_node.Name, pairs, [OutputHeads(), made]));
    }

    /// <summary>Name of an output; null where it is left out.</summary>
    public static string? OutputOf(GraphNode node, int index) => index < node.Outputs.Count && node.Outputs[index].Length > 0 ? node.Outputs[index] : null;

    /// <summary>How many of the heads in part of an axis stay.</summary>
    /// <param name="shrinkage">What stays.</param>
    /// <param name="axis">Heads behind each other.</param>
    /// <param name="start">Where the part begins.</param>
    /// <param name="heads">How many heads it has.</param>
    /// <param name="size">Columns of each.</param>
    public static int Kept(Shrinkage shrinkage, IndexAxis axis, int start, int heads, int size) =>
        Enumerable.Range(0, heads).Count(head => shrinkage.Kept(axis, start + (head * size), start + ((head + 1) * size)) > 0);

    /// <summary>Writes the scale of scores out where it followed from the width of a head: it stays what it was.</summary>
    /// <param name="node">The node.</param>
    /// <param name="shrinkage">What stays.</param>
    /// <param name="queries">Columns of queries, of all heads or of one.</param>
    /// <param name="size">Columns of a head in the original.</param>
    public static void KeepScale(GraphNode node, Shrinkage shrinkage, IndexAxis queries, int size)
    {
        var narrowed = Enumerable.Range(0, queries.Length / size).Any(head => shrinkage.Kept(queries, head * size, (head + 1) * size) is > 0 and var kept && kept < size);
        // The runtime's own take 0 for none.
        if (narrowed && node.Float(Scale, 0) == 0)
        {
            node.SetFloat(Scale, (float)(1 / Math.Sqrt(size)));
        }
    }

    private void Cross(IndexAxis? axis, int[] rows, IndexAxis columns)
    {
        if (Fits(axis, rows.Length * columns.Length, [.. rows, .. columns.Ids]))
        {
            for (var i = 0; i < axis!.Length; i++)
            {
                _relations.Elements.Cross(axis.Ids[i], rows[i / columns.Length], columns.Ids[i % columns.Length]);
            }
        }
    }

    private void Tie(IndexAxis? axis, int[] elements)
    {
        if (Fits(axis, elements.Length, elements))
        {
            for (var i = 0; i < elements.Length; i++)
            {
                _relations.Elements.Tie(axis!.Ids[i], elements[i]);
            }
        }
    }

    /// <summary>Whether an axis can lose indices and has as many as it should; else what it stands for stays.</summary>
    private bool Fits(IndexAxis? axis, int length, int[] elements)
    {
        if (axis?.Length == length)
        {
            return true;
        }

        var (code, sentence) = axis is null
            ? (DiagnosticCodes.TiedToInput, $"'{_node.Name}' ({_node.OpType}) combines them with an axis of the model's input")
            : (DiagnosticCodes.ShapeUnknown, $"'{_node.Name}' ({_node.OpType}) lets axes of {axis.Length} and of {length} meet");
        Pin([.. axis?.Ids ?? [], .. elements], code, sentence);
        return false;
    }

    private void Pin(int[] elements, string code, string sentence) => _relations.Pin(new IndexAxis(elements), code, _node, sentence);
}
