using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>Tables of which some rows go, and where each row is to be found afterwards.</summary>
/// <param name="Rows">What stays.</param>
/// <param name="Table">The tables.</param>
/// <param name="Places">For each row of the original, its place, or that of its stand-in, among the rows that stay.</param>
internal sealed record CutTable(TableRows Rows, LookedUpTable Table, int[] Places)
{
    /// <summary>A copy of a model with its tables cut and row numbers going through maps; the model itself where none is cut.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="cuts">The tables, found in this model or one that it is a copy of.</param>
    public static OnnxModel Apply(OnnxModel model, IReadOnlyList<CutTable> cuts)
    {
        if (cuts.Count == 0)
        {
            return model;
        }

        var cut = model.Clone();
        foreach (var table in cuts)
        {
            table.Apply(cut.Graph);
        }

        // Sizes of row numbers stay what they were, those of tables are stated by the tables.
        cut.Graph.Index();
        return cut;
    }

    private void Apply(ModelGraph graph)
    {
        foreach (var name in Table.Names)
        {
            graph.Constant(name)!.Slice(0, [.. Rows.Kept]);
        }

        var map = graph.AddIntegers($"{Table.Name}/rows", ElementType.Int32, Array.ConvertAll(Places, p => (long)p));
        // The nodes of the copy are found by what they make.
        foreach (var readers in Table.LookUps.GroupBy(l => l.Rows, StringComparer.Ordinal))
        {
            GraphNode[] nodes = [.. readers.Select(l => graph.Producer(l.Node.Outputs.First(o => o.Length > 0))!)];
            var mapped = graph.UniqueName($"{readers.Key}/row");
            _ = graph.InsertNode(nodes[0], "Gather", mapped, [map, readers.Key], [mapped]);
            foreach (var (node, lookUp) in nodes.Zip(readers))
            {
                node.Proto.Input[lookUp.Index] = mapped;
            }
        }
    }
}
