using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>One place where rows of tables are looked up.</summary>
/// <param name="Node">The node.</param>
/// <param name="Index">Which of its inputs holds the row numbers.</param>
/// <param name="Tables">Which of its inputs are tables that are looked up with them, the values first.</param>
internal sealed record TableLookUp(GraphNode Node, int Index, IReadOnlyList<int> Tables)
{
    private const string Microsoft = "com.microsoft";

    /// <summary>The look-up that a node does in a table; null where it does something else with it.</summary>
    /// <param name="use">Where the table is read.</param>
    public static TableLookUp? Of(TensorUse use)
    {
        var node = use.Node;
        return (node.Domain, node.OpType, use.Index) switch
        {
            ("", "Gather", 0) when node.Int("axis", 0) == 0 => new(node, 1, [0]),
            (Microsoft, "GatherBlockQuantized", 0 or 2 or 3) when node.Int("gather_axis", 0) == 0 && node.Int("quantize_axis", 1) != 0 =>
                new(node, 1, node.Input(3) is null ? [0, 2] : [0, 2, 3]),
            (Microsoft, "EmbedLayerNormalization", 2) => new(node, 0, [2]),
            (Microsoft, "EmbedLayerNormalization", 3) when node.Input(8) is not null => new(node, 8, [3]),
            (Microsoft, "EmbedLayerNormalization", 4) when node.Input(1) is not null => new(node, 1, [4]),
            _ => null,
        };
    }

    /// <summary>The tensor that holds the row numbers.</summary>
    public string Rows => Node.Inputs[Index];

    /// <summary>Names of the tables.</summary>
    public IEnumerable<string> Names => Tables.Select(t => Node.Inputs[t]);
}
