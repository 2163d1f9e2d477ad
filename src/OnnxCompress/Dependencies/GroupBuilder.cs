using OnnxCompress.Dependencies.Scores;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Dependencies;

/// <summary>Reads channel groups off the tied indices: channels that some linear layer reads together are one group.</summary>
internal sealed class GroupBuilder
{
    /// <summary>Sets what is read of rows apart from what is read of columns, in the same tensor.</summary>
    private const string RowRole = ":rows";

    private const int Nowhere = -1;

    private readonly Dictionary<int, HashSet<(string Name, int Axis)>> _constants;
    private readonly Dictionary<int, List<int>> _axes;
    private readonly ConstantReaders _readers;
    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);

    private GroupBuilder(Relations relations) =>
        (_constants, _axes, _readers) = (ConstantsByRoot(relations), AxesByRoot(relations), new ConstantReaders(relations));

    /// <summary>Builds the groups in the order of the layers that read them.</summary>
    public static IReadOnlyList<ChannelGroup> Build(Relations relations)
    {
        var consumers = new List<Reading>();
        foreach (var layer in relations.Layers)
        {
            if (InputAxisOf(relations, layer) is { } axis && relations.IsLive(axis))
            {
                // Where heads and positions in them are channels, each of a group of its own, the layer reads both.
                foreach (var side in SidesOf(relations, axis))
                {
                    AddReading(relations, layer, axis, side, consumers);
                }
            }
        }

        var components = new IndexElements();
        components.NewAxis(relations.Elements.Count);
        foreach (var roots in consumers.Select(c => c.Roots))
        {
            foreach (var root in roots)
            {
                components.Tie(roots[0], root);
            }
        }

        var builder = new GroupBuilder(relations);
        var groups = new List<ChannelGroup>();
        foreach (var component in consumers.GroupBy(c => components.Root(c.Roots[0])))
        {
            var atoms = component.SelectMany(c => c.Roots).Distinct().Order().ToArray();
            var free = atoms.Select(a => relations.Elements.PinOf(a) is null).ToArray();
            if (atoms.Length <= 1 || !free.Contains(true))
            {
                continue;
            }

            var group = builder.Describe(atoms, free, [.. component.GroupBy(c => c.Layer.Weight).Select(uses => new GroupConsumer(
                uses.First().Layer, [.. uses.First().Roots.Select(r => Array.BinarySearch(atoms, r))], uses.First().Taps, uses.First().Columns)
            {
                Role = uses.First().Side == Side.Row ? RowRole : "",
                Sharers = [.. uses.Skip(1).Select(u => u.Layer)],
            })]);
            // Indices that no weight makes are data, a one-hot code for instance, and not channels.
            if (group.Producers.Count > 0 || group.ConsumerLayers[0].Layer.SelectsInput)
            {
                groups.Add(group);
            }
        }

        return groups;
    }

    /// <summary>The group of one index that a residual branch is.</summary>
    public static ChannelGroup OfBranch(Branches.ResidualBranch branch) => new(branch.Name, [branch.Axis.Ids[0]], [true], [])
    {
        Producers = [.. branch.Layers.Select(l => l.Node.Name).Distinct()],
        Segments = [[0]],
        Branch = branch,
    };

    /// <summary>Groups of the columns that products of queries and keys sum over, in the order of those.</summary>
    /// <param name="relations">Axes.</param>
    /// <param name="products">The products.</param>
    public static IReadOnlyList<ChannelGroup> OfScores(Relations relations, IReadOnlyList<ScoreProduct> products) =>
    [
        .. products.Where(p => p.Columns.Length > 1).Select(product =>
        {
            // In the order of the columns, whatever that of their elements: the first directions stay.
            int[] atoms = [.. product.Columns.Ids.Select(relations.Elements.Root)];
            string[] producers = [.. new[] { product.Queries.Layer.Node.Name, product.Keys.Layer.Node.Name }.Distinct(StringComparer.Ordinal)];
            return new ChannelGroup($"{producers[0]}/scores", atoms, [.. atoms.Select(_ => true)], [])
            {
                Producers = producers,
                Segments = [[.. Enumerable.Range(0, atoms.Length)]],
                Scores = product,
            };
        }),
    ];

    /// <summary>Which channels the indices of an axis are taken for.</summary>
    private enum Side
    {
        Plain,
        Row,
        Column,
    }

    /// <summary>One where no index is crossed.</summary>
    private static Side[] SidesOf(Relations relations, IndexAxis axis) =>
        axis.Ids.Any(id => relations.Elements.CrossingOf(id) is not null) ? [Side.Column, Side.Row] : [Side.Plain];

    /// <summary>The channel that an index belongs to; none where it is crossed and others of its axis are not, or the other way round.</summary>
    private static int RootOf(Relations relations, int id, Side side) => (relations.Elements.CrossingOf(id), side) switch
    {
        (null, Side.Plain) => relations.Elements.Root(id),
        ({ Row: var row }, Side.Row) => row,
        ({ Column: var column }, Side.Column) => column,
        _ => Nowhere,
    };

    private static void AddReading(Relations relations, LinearLayer layer, IndexAxis axis, Side side, List<Reading> consumers)
    {
        int[] roots = [.. axis.Ids.Select(id => RootOf(relations, id, side)).Distinct()];
        var taps = PositionsOf(relations, axis, roots, side);
        var columns = PositionsOf(relations, relations.Axes(layer.Weight)[layer.InputAxis]!, roots, side);
        if (taps is null || columns is null)
        {
            relations.Pin(axis, DiagnosticCodes.IrregularAxis, layer.Node, $"'{layer.Node.Name}' reads different numbers of their values");
        }
        else if (consumers.Find(c => c.Layer.Weight == layer.Weight && (c.Side == side || c.Side == Side.Plain || side == Side.Plain)) is { } other
            && !(other.Roots.SequenceEqual(roots) && other.Taps.SequenceEqual(taps)))
        {
            relations.Pin(axis, DiagnosticCodes.WeightShared, layer.Node, $"'{layer.Node.Name}' and '{other.Layer.Node.Name}' share a weight and read it in different orders");
        }
        else
        {
            consumers.Add(new Reading(layer, side, roots, taps, columns));
        }
    }

    private static IndexAxis? InputAxisOf(Relations relations, LinearLayer layer) =>
        layer.SelectsInput ? relations.Axes(layer.Weight)[layer.InputAxis] : relations.Axes(layer.Input)[layer.InputChannelAxis];

    /// <summary>For each root its positions on the axis, row-major; null when they are not equally many.</summary>
    private static int[]? PositionsOf(Relations relations, IndexAxis axis, int[] roots, Side side)
    {
        if (roots.Contains(Nowhere))
        {
            return null;
        }

        var each = axis.Length / roots.Length;
        if (each * roots.Length != axis.Length)
        {
            return null;
        }

        var row = new Dictionary<int, int>(roots.Length);
        foreach (var root in roots)
        {
            row.Add(root, row.Count);
        }

        var filled = new int[roots.Length];
        var positions = new int[axis.Length];
        for (var i = 0; i < axis.Length; i++)
        {
            if (!row.TryGetValue(RootOf(relations, axis.Ids[i], side), out var r) || filled[r] == each)
            {
                return null;
            }

            positions[(r * each) + filled[r]++] = i;
        }

        return positions;
    }

    /// <summary>For each root the constants, and axes of them, that lose indices with it.</summary>
    private static Dictionary<int, HashSet<(string Name, int Axis)>> ConstantsByRoot(Relations relations)
    {
        var constants = new Dictionary<int, HashSet<(string, int)>>();
        foreach (var (name, axes) in relations.Constants)
        {
            for (var axis = 0; axis < axes.Length; axis++)
            {
                foreach (var root in (axes[axis]?.Ids ?? []).SelectMany(relations.Elements.Owners))
                {
                    if (!constants.TryGetValue(root, out var set))
                    {
                        constants[root] = set = [];
                    }

                    set.Add((name, axis));
                }
            }
        }

        return constants;
    }

    /// <summary>For each root the numbers of the axes that it lies in.</summary>
    private static Dictionary<int, List<int>> AxesByRoot(Relations relations)
    {
        var axes = new Dictionary<int, List<int>>();
        foreach (var (number, axis) in relations.DistinctAxes.Index())
        {
            foreach (var root in axis.Ids.SelectMany(relations.Elements.Owners))
            {
                if (!axes.TryGetValue(root, out var numbers))
                {
                    axes[root] = numbers = [];
                }

                if (numbers.Count == 0 || numbers[^1] != number)
                {
                    numbers.Add(number);
                }
            }
        }

        return axes;
    }

    private ChannelGroup Describe(int[] atoms, bool[] free, GroupConsumer[] consumers)
    {
        var touched = atoms.Where(_constants.ContainsKey).SelectMany(a => _constants[a]).ToHashSet();
        string[] touchedNames = [.. touched.Select(t => t.Name).Distinct(StringComparer.Ordinal)];
        var layers = _readers.Layers(touchedNames);
        var nodes = _readers.Nodes(touchedNames);
        var producers = layers.Where(l => touched.Contains((l.Weight, l.OutputAxis))).Select(l => l.Node.Name)
            .Distinct()
            .Concat(nodes.Where(n => n.OpType == "Gather" && touched.Any(t => t.Name == n.Inputs[0])).Select(n => n.Name))
            .ToList();
        var carried = nodes
            .Select(n => n.Name)
            .Except(consumers.Select(c => c.Layer.Node.Name))
            .Except(producers)
            .ToArray();
        var name = producers.FirstOrDefault() ?? $"{consumers[0].Layer.Node.Name}/input";
        // Parts of one layer's channels may be groups of their own (Split, Slice).
        _names[name] = _names.GetValueOrDefault(name) + 1;
        name = _names[name] > 1 ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name}#{_names[name]}") : name;
        // Channels that lie in the same axes: of a range of them (Slice, Split) at least one must stay, like of a layer.
        var segments = Enumerable.Range(0, atoms.Length)
            .GroupBy(i => string.Join(',', _axes[atoms[i]]))
            .Select(g => g.ToArray());
        return new ChannelGroup(name, atoms, free, consumers)
        {
            Producers = producers,
            Carried = carried,
            IsConvolved = layers.Any(l => l.Map.IsConvolved
                && (touched.Contains((l.Weight, l.OutputAxis)) || touched.Contains((l.Weight, l.InputAxis)))),
            Segments = [.. segments],
        };
    }

    /// <summary>What a layer reads of an axis: its channels, and their positions in what it reads and in its weight.</summary>
    private sealed record Reading(LinearLayer Layer, Side Side, int[] Roots, int[] Taps, int[] Columns);
}
