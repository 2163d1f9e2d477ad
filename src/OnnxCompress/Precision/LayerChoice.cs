using OnnxCompress.Dependencies;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>The form that a single layer takes, or why it takes none.</summary>
/// <param name="graph">The graph.</param>
/// <param name="shapes">Its shapes.</param>
/// <param name="isSelected">Whether the user's selection includes a node.</param>
/// <param name="hasData">Whether ranges of activations can be known.</param>
internal sealed class LayerChoice(ModelGraph graph, TensorShapes shapes, Func<string, bool> isSelected, bool hasData)
{
    /// <summary>Bytes of the nodes that look a table up in bytes, about: their names are those of the layer.</summary>
    private const long BytesOfLookUp = 1000;

    /// <summary>The form of a layer; a reason where it stays as it is.</summary>
    public (string Form, string? Reason) Of(LinearMap map)
    {
        var weight = graph.Constant(map.Weight)!;
        var reason = !isSelected(map.Node.Name) ? "it is excluded by --include or --exclude"
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
            LinearKind.Table => IsWorthBytes(weight) ? (LayerPrecision.Table, null) : (LayerPrecision.Float, "its table is so small that scales would take what bytes save"),
            _ => (LayerPrecision.Float, $"the runtime has no {map.Node.OpType} in 8 bits"),
        };
    }

    /// <summary>Whether three bytes of each weight are more than a step for each row and the nodes.</summary>
    private static bool IsWorthBytes(Initializer table) => (sizeof(float) - 1) * table.Count > (sizeof(float) * table.Dims[0]) + BytesOfLookUp;

    private (string Form, string? Reason) Convolution(LinearMap map) => !hasData
        ? (LayerPrecision.Float, "the ranges of a convolution's input and output come from data: give -d PATH")
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

        // Activations between the layers of a sequence model have outliers: there each run finds its own range.
        var isStatic = hasData && shapes.Of(map.Input) is { Length: 2 };
        return isStatic && !HasConstantBias(map) ? (LayerPrecision.Float, "its bias is computed") : (isStatic ? LayerPrecision.Int8 : LayerPrecision.Dynamic, null);
    }

    private bool HasConstantBias(LinearMap map) =>
        map.BiasInput is not { } bias || (LayerBias.IsVector(graph.Constant(bias), map.Outputs) && !graph.IsInput(bias));
}
