using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Scores;

/// <summary>
/// Decides, once the whole graph is walked, which products of queries and keys may lose columns: those whose columns nothing else
/// reads or changes, and whose heads can be matched. The columns of all others are held.
/// </summary>
internal static class ScoreFinder
{
    /// <summary>What sums over the columns says why they stay.</summary>
    public static string Sentence(GraphNode node) => $"'{node.Name}' ({node.OpType}) sums products of two activations over them";

    /// <summary>The products that may, with their heads matched.</summary>
    public static IReadOnlyList<ScoreProduct> Settle(Relations relations)
    {
        var found = new List<ScoreProduct>();
        var shared = relations.Scores.SelectMany(s => RootsOf(s, relations)).CountBy(root => root).Where(c => c.Value > 1).Select(c => c.Key).ToHashSet();
        var places = PlacesOf(relations.Scores.SelectMany(s => RootsOf(s, relations)).ToHashSet(), relations);
        foreach (var product in relations.Scores)
        {
            var roots = RootsOf(product, relations).ToHashSet();
            if (roots.Count == product.Columns.Length && !roots.Overlaps(shared) && product.Columns.Ids.All(id => relations.Elements.CrossingOf(id) is null && relations.Elements.PinOf(id) is null)
                && IsAlone(product, roots.SelectMany(root => places[root]), relations) && Match(product, relations) is { } heads)
            {
                found.Add(product with { Heads = heads });
            }
            else
            {
                relations.Pin(product.Columns, DiagnosticCodes.ProductOfActivations, product.Node, Sentence(product.Node));
            }
        }

        return found;
    }

    private static IEnumerable<int> RootsOf(ScoreProduct product, Relations relations) => product.Columns.Ids.Select(relations.Elements.Root).Distinct();

    /// <summary>Where elements lie, by the roots that decide whether they stay: one look at all tensors for all products.</summary>
    private static ILookup<int, (string Tensor, int Axis)> PlacesOf(HashSet<int> roots, Relations relations)
    {
        var places = new HashSet<(int Root, string Tensor, int Axis)>();
        foreach (var (tensor, axes) in relations.All)
        {
            for (var axis = 0; axis < axes.Length; axis++)
            {
                foreach (var root in axes[axis] is { } ids ? ids.Ids.SelectMany(relations.Elements.Owners).Where(roots.Contains) : [])
                {
                    places.Add((root, tensor, axis));
                }
            }
        }

        return places.ToLookup(p => p.Root, p => (p.Tensor, p.Axis));
    }

    /// <summary>Whether the columns lie nowhere but in what was followed.</summary>
    private static bool IsAlone(ScoreProduct product, IEnumerable<(string Tensor, int Axis)> places, Relations relations)
    {
        var (graph, sides) = (relations.Graph, (ScoreOperand[])[product.Queries, product.Keys]);
        var tensors = sides.SelectMany(s => s.Tensors).ToHashSet(StringComparer.Ordinal);
        var nodes = sides.SelectMany(s => s.Nodes).Append(product.Node.Name).ToHashSet(StringComparer.Ordinal);
        var constants = sides.SelectMany(s => s.Biases.Select(b => (b.Constant, Axis: graph.Constant(b.Constant)!.Dims.Count - 1)).Append((s.Layer.Weight, s.Layer.OutputAxis))).ToHashSet();
        return places.All(p => graph.Constant(p.Tensor) is null ? tensors.Contains(p.Tensor) : constants.Contains(p))
            && tensors.All(t => !graph.IsOutput(t) && graph.Uses(t).All(u => nodes.Contains(u.Node.Name) || u.Node.OpType is "Shape" or "Size" or "Split" or "Slice"));
    }

    /// <summary>The heads of queries that meet each head of keys, by the elements that they share; null where that is not clear.</summary>
    private static (int Key, int[] Queries)[]? Match(ScoreProduct product, Relations relations)
    {
        var size = product.Columns.Length;
        var (queries, keys) = (RowsOf(product.Queries, size, relations), RowsOf(product.Keys, size, relations));
        if (queries is null || keys is null)
        {
            return null;
        }

        if (keys.Length == 1)
        {
            return [(0, [.. Enumerable.Range(0, queries.Length)])];
        }

        // Heads that were merged with samples are no axis of their own: they meet in order.
        if (Array.TrueForAll(queries, q => q < 0) && Array.TrueForAll(keys, k => k < 0))
        {
            return queries.Length == keys.Length ? [.. keys.Select((_, head) => (head, (int[])[head]))] : null;
        }

        if (keys.Contains(-1) || keys.Distinct().Count() != keys.Length || !queries.All(keys.Contains))
        {
            return null;
        }

        return [.. keys.Select((row, head) => (head, (int[])[.. Enumerable.Range(0, queries.Length).Where(q => queries[q] == row)]))];
    }

    /// <summary>By head, the element that goes with it, or -1 where heads are none; null where the columns of a head lie in several.</summary>
    private static int[]? RowsOf(ScoreOperand operand, int size, Relations relations)
    {
        var axis = relations.KnownAxes(operand.Layer.Weight)[operand.Layer.OutputAxis]!;
        var rows = new int[operand.Places.Length / size];
        for (var head = 0; head < rows.Length; head++)
        {
            int[] of = [.. ScoreOperand.OfHead(operand.Places, head, size).Select(p => relations.Elements.CrossingOf(axis.Ids[p])?.Row ?? -1).Distinct()];
            if (of is not [var row])
            {
                return null;
            }

            rows[head] = row;
        }

        return rows;
    }
}
