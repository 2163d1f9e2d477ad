using OnnxCompress.Dependencies;
using OnnxCompress.Forms;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>The form that a single layer takes, or why it takes none.</summary>
/// <param name="graph">The graph.</param>
/// <param name="shapes">Its shapes.</param>
/// <param name="options">The numbers that are asked for, and for which nodes.</param>
/// <param name="ranges">Which ranges of activations can be known.</param>
/// <param name="small">Weights that are so small that 4 bits in place of 8 save nothing worth what they lose.</param>
internal sealed class LayerChoice(ModelGraph graph, TensorShapes shapes, QuantizerOptions options, KnownRanges ranges, IReadOnlySet<string> small)
{
    /// <summary>The shortest block that the runtime knows.</summary>
    public const int ShortestBlock = 16;

    /// <summary>Bytes of the nodes that look a table up in bytes, about: their names are those of the layer.</summary>
    private const long BytesOfLookUp = 1000;

    /// <summary>The form of a layer; a reason where it stays as it is.</summary>
    public (string Form, string? Reason) Of(LinearMap map) => Widened(map, Narrow(map));

    private (string Form, string? Reason) Widened(LinearMap map, (string Form, string? Reason) narrow) =>
        narrow.Reason is not null || !options.Wider.TryGetValue(map.Node.Name, out var wanted) ? narrow : (wanted, narrow.Form) switch
        {
            (NumberForm.Float, _) => (LayerPrecision.Float, "the plan keeps it so: it would lose most in fewer bits"),
            (NumberForm.Int8Weights, LayerPrecision.Int8 or LayerPrecision.Dynamic) => (LayerPrecision.Weights, null),
            (NumberForm.Int8, LayerPrecision.Blocks) => (LayerPrecision.WideBlocks, null),
            (NumberForm.Int8, LayerPrecision.BlockTable) => (LayerPrecision.Table, null),
            _ => narrow,
        };

    private (string Form, string? Reason) Narrow(LinearMap map)
    {
        var weight = graph.Constant(map.Weight)!;
        var reason = !options.IsSelected(map.Node.Name) ? "it is excluded by --include or --exclude"
            : weight.Type != ElementType.Float || shapes.TypeOf(map.Output) != ElementType.Float ? "it does not compute in single floats"
            : graph.IsInput(map.Weight) || graph.IsOutput(map.Weight) ? "a caller sees or may replace its weight"
            : graph.Uses(map.Weight).Count != 1 ? "its weight is shared with other nodes"
            : map.Kind != LinearKind.Table && graph.Constant(map.Input) is not null ? "it reads a constant"
            : !weight.HasOnlyFiniteValues ? "its weight holds values that are not finite"
            : null;
        return reason is not null ? (LayerPrecision.Float, reason) : map.Kind switch
        {
            LinearKind.Convolution => Convolution(map),
            LinearKind.Product => Product(map),
            LinearKind.Table => !small.Contains(map.Weight) && IsWorthHalfBytes(weight) ? (LayerPrecision.BlockTable, null) : IsWorthBytes(weight) ? (LayerPrecision.Table, null) : (LayerPrecision.Float, "its table is so small that scales would take what bytes save"),
            _ => (LayerPrecision.Float, $"the runtime has no {map.Node.OpType} in 8 bits"),
        };
    }

    /// <summary>Whether three bytes of each weight are more than a step for each row and the nodes.</summary>
    private static bool IsWorthBytes(Initializer table) => (sizeof(float) - 1) * table.Count > (sizeof(float) * table.Dims[0]) + BytesOfLookUp;

    /// <summary>The smallest weights that hold a fiftieth of all numbers together.</summary>
    /// <param name="layers">All layers.</param>
    public static IReadOnlySet<string> Small(IReadOnlyList<LinearMap> layers)
    {
        const int Share = 50;
        var sizes = layers.DistinctBy(m => m.Weight, StringComparer.Ordinal).Select(m => (m.Weight, Size: (long)m.Layout.Outputs * m.Layout.Columns * m.Groups)).ToArray();
        var (small, room) = (new HashSet<string>(StringComparer.Ordinal), sizes.Sum(s => s.Size) / Share);
        foreach (var (weight, size) in sizes.OrderBy(s => s.Size))
        {
            if ((room -= size) < 0)
            {
                break;
            }

            small.Add(weight);
        }

        return small;
    }

    /// <summary>Inputs that share a step in a row of some length: a short row is no more than one block.</summary>
    public static int Block(int columns, int longest)
    {
        var block = longest;
        while (block > ShortestBlock && block / 2 >= columns)
        {
            block /= 2;
        }

        return block;
    }

    /// <summary>Bytes of weights in 4 bits and of their steps.</summary>
    private static long HalfBytes(long rows, int columns, int block) =>
        rows * ((columns + block - 1) / block) * ((block / 2) + sizeof(float));

    /// <summary>Whether 4 bits with their steps are less than 8; two columns lie in one byte.</summary>
    private bool IsWorthHalfBytes(Initializer table)
    {
        var (rows, columns) = (table.Dims[0], checked((int)table.Dims[1]));
        return options.Form == NumberForm.Int4 && columns >= ShortestBlock && columns % 2 == 0
            && HalfBytes(rows, columns, Block(columns, options.Block)) + BytesOfLookUp < rows * (columns + sizeof(float)) && IsWorthBytes(table);
    }

    private (string Form, string? Reason) Convolution(LinearMap map) => ranges.Lacks(map.Node.Name) is { } lack
        ? (LayerPrecision.Float, lack)
        : HasConstantBias(map) ? (LayerPrecision.Int8, null) : (LayerPrecision.Float, "its bias is computed");

    private (string Form, string? Reason) Product(LinearMap map)
    {
        if (map.WeightInput == 0)
        {
            return (LayerPrecision.Float, "its weight is the left operand");
        }

        if (map.Scales)
        {
            return (LayerPrecision.Float, "it multiplies its result or its bias by a constant");
        }

        if (options.Form == NumberForm.Int4 && shapes.Of(map.Input) is { Length: >= 2 }
            && HalfBytes(map.Outputs, map.Inputs, Block(map.Inputs, options.Block)) < (long)map.Outputs * (map.Inputs + sizeof(float)))
        {
            return (small.Contains(map.Weight) ? LayerPrecision.WideBlocks : LayerPrecision.Blocks, null);
        }

        // Activations between the layers of a sequence model have outliers: there each run finds its own range.
        var isStatic = ranges.Lacks(map.Node.Name) is null && shapes.Of(map.Input) is { Length: 2 };
        return isStatic && !HasConstantBias(map) ? (LayerPrecision.Float, "its bias is computed") : (isStatic ? LayerPrecision.Int8 : LayerPrecision.Dynamic, null);
    }

    private bool HasConstantBias(LinearMap map) =>
        map.BiasInput is not { } bias || (LayerBias.IsVector(graph.Constant(bias), map.Outputs) && !graph.IsInput(bias));
}
