using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>Finds the tables whose rows are chosen by ids that are fed, and why some of them keep all rows.</summary>
internal static class LookedUpTables
{
    /// <summary>The tables that may be cut, the largest first, and refusals of others.</summary>
    /// <param name="model">The model.</param>
    /// <param name="values">Follows ids through its graph.</param>
    public static (IReadOnlyList<LookedUpTable> Tables, IReadOnlyList<Refusal> Refused) Find(OnnxModel model, IndexValues values)
    {
        var graph = model.Graph;
        var parameters = new Lazy<Dictionary<string, long>>(() => model.Weights.Where(w => w.Inside is null).ToDictionary(w => w.Name, w => w.Elements, StringComparer.Ordinal));
        var refused = new List<Refusal>();
        var sets = new List<(HashSet<string> Names, HashSet<TableLookUp> LookUps)>();
        foreach (var first in graph.Nodes.SelectMany(LookUpsOf).Where(l => IsTable(l, graph)))
        {
            if (sets.Exists(s => s.Names.Contains(first.Names.First())))
            {
                continue;
            }

            sets.Add(Together(first, graph));
        }

        var tables = new List<LookedUpTable>();
        foreach (var (names, lookUps) in sets)
        {
            var inputs = new SortedSet<string>(StringComparer.Ordinal);
            GraphNode? blocked = null;
            foreach (var rows in lookUps.Select(l => l.Rows).Distinct(StringComparer.Ordinal))
            {
                inputs.UnionWith(values.InputsOf(rows, out var unknown));
                blocked ??= unknown;
            }

            if (inputs.Count == 0)
            {
                // Positions, for instance: nobody feeds them.
                continue;
            }

            var rowCount = (int)graph.Constant(lookUps.First().Names.First())!.Dims[0];
            var table = new LookedUpTable(
                names.OrderByDescending(n => graph.Constant(n)!.Count).ThenBy(n => n, StringComparer.Ordinal).First(), [.. names.Order(StringComparer.Ordinal)], [.. lookUps], [.. inputs], rowCount)
            {
                Parameters = names.Sum(n => parameters.Value.GetValueOrDefault(n)),
            };
            var why = blocked is not null ? $"their numbers are computed by '{blocked.Name}' ({blocked.OpType}), which is not followed" : WhyNot(table, graph);
            if (why is null)
            {
                tables.Add(table);
            }
            else
            {
                refused.Add(Refused(table, why));
            }
        }

        return ([.. tables.OrderByDescending(t => t.Parameters).ThenBy(t => t.Name, StringComparer.Ordinal)], refused);
    }

    /// <summary>A table that keeps its rows.</summary>
    public static Refusal Refused(LookedUpTable table, string why) =>
        new(table.Name, DiagnosticCodes.TableRowsStay, $"The rows of '{table.Name}' stay: {why}.", table.Parameters);

    private static IEnumerable<TableLookUp> LookUpsOf(GraphNode node) =>
        Enumerable.Range(0, node.Inputs.Count).Select(i => TableLookUp.Of(new TensorUse(node, i))).OfType<TableLookUp>().DistinctBy(l => l.Index);

    private static bool IsTable(TableLookUp lookUp, ModelGraph graph) => graph.Constant(lookUp.Names.First()) is
    {
        Dims: [> 1, ..],
        Count: > 0,
        Type: ElementType.Float or ElementType.Float16 or ElementType.BFloat16 or ElementType.Double or ElementType.Int8 or ElementType.UInt8
    };

    /// <summary>All tables of as many rows that are looked up with the same row numbers, directly or by way of others.</summary>
    private static (HashSet<string> Names, HashSet<TableLookUp> LookUps) Together(TableLookUp first, ModelGraph graph)
    {
        var rows = graph.Constant(first.Names.First())!.Dims[0];
        var (names, lookUps) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<TableLookUp>());
        var waiting = new Queue<TableLookUp>([first]);
        while (waiting.TryDequeue(out var lookUp))
        {
            if (lookUps.Any(l => ReferenceEquals(l.Node, lookUp.Node) && l.Index == lookUp.Index))
            {
                continue;
            }

            lookUps.Add(lookUp);
            names.UnionWith(lookUp.Names);
            var others = lookUp.Names.SelectMany(graph.Uses).Concat(graph.Uses(lookUp.Rows).SelectMany(u => LookUpsOf(u.Node).Where(l => l.Index == u.Index)
                    .Where(l => IsTable(l, graph) && graph.Constant(l.Names.First())!.Dims[0] == rows).Select(l => new TensorUse(l.Node, l.Tables[0]))))
                .Select(use => use.Index == TensorUse.Captured ? null : TableLookUp.Of(use)).OfType<TableLookUp>();
            others.ToList().ForEach(waiting.Enqueue);
        }

        return (names, lookUps);
    }

    private static string? WhyNot(LookedUpTable table, ModelGraph graph)
    {
        foreach (var name in table.Names)
        {
            var constant = graph.Constant(name);
            if (constant is null || graph.IsInput(name))
            {
                return $"'{name}' is no constant";
            }

            if (constant.Dims.Count == 0 || constant.Dims[0] != table.Rows || constant.Type.SizeInBytes() == 0)
            {
                return $"'{name}' is stored in a form whose rows cannot be told apart";
            }

            if (graph.IsOutput(name))
            {
                return $"'{name}' leaves the model";
            }

            foreach (var use in graph.Uses(name))
            {
                if (use.Index == TensorUse.Captured)
                {
                    return $"the branches of '{use.Node.Name}' read '{name}', and what happens there is not followed";
                }

                if (TableLookUp.Of(use) is null)
                {
                    return $"'{use.Node.Name}' ({use.Node.OpType}) reads '{name}' as a whole, as the head of a tied network does, whose outputs keep their shape: "
                        + "rows written apart for the look-up would add to the file";
                }
            }
        }

        return null;
    }
}
