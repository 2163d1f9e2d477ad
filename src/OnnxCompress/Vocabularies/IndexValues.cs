using OnnxCompress.Models;

namespace OnnxCompress.Vocabularies;

/// <summary>
/// What values an integer tensor can hold when inputs hold given ids: ids are handed on, moved by constants, looked up in maps of
/// integers and joined with constants on their way to a table.
/// </summary>
/// <param name="graph">The graph.</param>
internal sealed class IndexValues(ModelGraph graph)
{
    /// <summary>Combinations of ids and constants that are formed.</summary>
    private const long MostCombinations = 1 << 24;

    /// <summary>Operators whose output holds what their first input holds, in whatever places.</summary>
    private static readonly HashSet<string> Handing =
        ["Identity", "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Expand", "Tile", "Slice", "Split", "GatherElements", "GatherND", "Dropout"];

    /// <summary>Operators that say how large a tensor is, or are made of that alone.</summary>
    private static readonly HashSet<string> OfSizes = ["Shape", "Size"];

    private readonly Dictionary<string, string[]> _reach = new(StringComparer.Ordinal);

    /// <summary>The integer inputs whose ids a tensor holds; empty where it is made of constants and sizes alone.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="blocked">What on the way is not followed; null where all is.</param>
    public IReadOnlySet<string> InputsOf(string tensor, out GraphNode? blocked)
    {
        var inputs = new HashSet<string>(StringComparer.Ordinal);
        var integers = graph.Inputs.Where(i => i.Type is ElementType.Int64 or ElementType.Int32).Select(i => i.Name).ToHashSet(StringComparer.Ordinal);
        var stops = new List<GraphNode>();
        var (waiting, seen) = (new Stack<string>([tensor]), new HashSet<string>(StringComparer.Ordinal));
        while (waiting.TryPop(out var name))
        {
            if (!seen.Add(name) || (graph.Constant(name) is not null && !graph.IsInput(name)))
            {
                continue;
            }

            if (graph.Producer(name) is not { } node)
            {
                _ = integers.Contains(name) && inputs.Add(name);
            }
            else if (Sources(node) is { } sources)
            {
                sources.ToList().ForEach(waiting.Push);
            }
            else if (Reach(name) is { Length: > 0 } reached && reached.Any(integers.Contains))
            {
                inputs.UnionWith(reached.Where(integers.Contains));
                stops.Add(node);
            }
        }

        blocked = stops.FirstOrDefault();
        return inputs;
    }

    /// <summary>The values that a tensor can hold; null where that is not known, or they are too many to say.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="idsOf">Ids of an input.</param>
    public HashSet<long>? Of(string tensor, Func<string, IEnumerable<long>> idsOf)
    {
        if (Whole(tensor) is { } constant)
        {
            return [.. constant];
        }

        if (graph.Producer(tensor) is not { } node)
        {
            return graph.IsInput(tensor) ? [.. idsOf(tensor)] : null;
        }

        if (Sources(node) is not { } sources)
        {
            return null;
        }

        HashSet<long>[] values = [.. sources.Select(source => Of(source, idsOf)).OfType<HashSet<long>>()];
        return values.Length < sources.Length ? null
            : IsLookUp(node) && Whole(node.Inputs[0]) is { } map ? [.. values[0].Where(v => v >= -map.Length && v < map.Length).Select(v => map[v < 0 ? v + map.Length : v])]
            : node.OpType is "Add" or "Sub" or "Mul" ? Combined(node.OpType, values[0], values[1])
            : [.. values.SelectMany(v => v)];
    }

    /// <summary>The inputs of a node that its output's values come from; null for one that is not followed.</summary>
    private string[]? Sources(GraphNode node)
    {
        if (node.Domain.Length > 0)
        {
            return null;
        }

        return node.OpType switch
        {
            "Concat" or "Max" or "Min" => [.. node.Inputs],
            "Where" => [node.Inputs[1], node.Inputs[2]],
            "Add" or "Sub" or "Mul" when Whole(node.Inputs[0]) is not null || Whole(node.Inputs[1]) is not null => [node.Inputs[0], node.Inputs[1]],
            "Gather" => IsLookUp(node) ? [node.Inputs[1]] : [node.Inputs[0]],
            _ => Handing.Contains(node.OpType) ? [node.Inputs[0]] : null,
        };
    }

    /// <summary>Whether ids are looked up in a map of integers.</summary>
    private bool IsLookUp(GraphNode node) => node is { OpType: "Gather", Domain: "" } && graph.Constant(node.Inputs[0]) is { Dims.Count: 1 } && Whole(node.Inputs[0]) is not null;

    private static HashSet<long>? Combined(string operation, HashSet<long> left, HashSet<long> right) => (long)left.Count * right.Count > MostCombinations ? null :
    [
        .. left.SelectMany(a => right.Select(b => unchecked(operation switch
        {
            "Add" => a + b,
            "Sub" => a - b,
            _ => a * b,
        }))),
    ];

    private long[]? Whole(string name) => !graph.IsInput(name) && graph.Constant(name) is { Type: ElementType.Int64 or ElementType.Int32 } constant ? constant.ReadIntegers() : null;

    /// <summary>Inputs of the model that the values of a tensor, and not only sizes, come from.</summary>
    private string[] Reach(string tensor)
    {
        if (_reach.TryGetValue(tensor, out var known))
        {
            return known;
        }

        var (waiting, seen, inputs) = (new Stack<string>([tensor]), new HashSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal));
        while (waiting.TryPop(out var name))
        {
            if (!seen.Add(name))
            {
                continue;
            }

            if (graph.Producer(name) is not { } node)
            {
                _ = graph.IsInput(name) && inputs.Add(name);
            }
            else if (!OfSizes.Contains(node.OpType))
            {
                node.Inputs.Concat(node.CapturedNames()).Where(i => i.Length > 0).ToList().ForEach(waiting.Push);
            }
        }

        return _reach[tensor] = [.. inputs];
    }
}
