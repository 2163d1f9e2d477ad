using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>Tables that are looked up with the same row numbers: one map serves all of them.</summary>
/// <param name="Name">The largest.</param>
/// <param name="Names">All of them.</param>
/// <param name="LookUps">Where they are read.</param>
/// <param name="Inputs">The inputs whose ids reach them.</param>
/// <param name="Rows">How many rows each has.</param>
internal sealed record LookedUpTable(string Name, IReadOnlyList<string> Names, IReadOnlyList<TableLookUp> LookUps, IReadOnlyList<string> Inputs, int Rows)
{
    /// <summary>Logical elements of all of them, as parameters count.</summary>
    public required long Parameters { get; init; }

    /// <summary>Bytes of a row of all of them.</summary>
    /// <param name="graph">The graph they lie in.</param>
    public long RowBytes(ModelGraph graph) => Names.Sum(name => graph.Constant(name)! is var table ? table.Count / Rows * table.Type.SizeInBytes() : 0);

    /// <summary>The rows that given ids reach; null where that is not known.</summary>
    /// <param name="values">Follows ids through the graph.</param>
    /// <param name="idsOf">Ids of an input.</param>
    public HashSet<long>? Reached(IndexValues values, Func<string, IEnumerable<long>> idsOf)
    {
        var reached = new HashSet<long>();
        foreach (var rows in LookUps.Select(l => l.Rows).Distinct(StringComparer.Ordinal))
        {
            if (values.Of(rows, idsOf) is not { } some)
            {
                return null;
            }

            // Row numbers may count from the end.
            reached.UnionWith(some.Select(r => r < 0 ? r + Rows : r));
        }

        return reached;
    }
}
