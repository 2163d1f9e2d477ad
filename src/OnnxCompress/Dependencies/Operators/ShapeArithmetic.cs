using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// Follows sizes that Shape read: a size that only states the shape of another tensor may change with the channels, one
/// that enters a computation (a scale of 1 / sqrt(width), say) may not.
/// </summary>
/// <param name="graph">The graph.</param>
internal sealed class ShapeArithmetic(ModelGraph graph)
{
    /// <summary>Operators that hand sizes on; what else reads a size takes it for a value.</summary>
    private static readonly HashSet<string> Carriers = new(StringComparer.Ordinal)
    {
        "Identity", "Cast", "Concat", "Unsqueeze", "Squeeze", "Reshape", "Add", "Sub", "Mul", "Div", "Min", "Max", "ReduceProd",
        "Slice", "Gather", "Equal", "Where", "ConstantOfShape", "Expand",
    };

    private readonly HashSet<string> _followed = new(StringComparer.Ordinal);

    /// <summary>Whether some of the given elements of a vector of sizes end up as more than a shape.</summary>
    /// <param name="sizes">An integer vector.</param>
    /// <param name="length">Its length.</param>
    /// <param name="matters">Which of its elements are asked about.</param>
    public bool BecomesValue(string sizes, int length, Func<int, bool> matters) =>
        graph.IsOutput(sizes) || graph.Uses(sizes).Any(use => Picks(use, length, matters) && BecomesValue(use));

    private bool BecomesValue(TensorUse use)
    {
        // The rule of Resize sees to it that the size it is told is the size it reads.
        if ((use.Node.OpType is "Reshape" or "Expand" && use.Index == 1) || use is { Node.OpType: "Resize", Index: ResizeRule.SizesInput })
        {
            return false;
        }

        if (use.Index == TensorUse.Captured || !Carriers.Contains(use.Node.OpType))
        {
            return true;
        }

        // Which of its elements the result took is not worked out further: all of them matter.
        var output = use.Node.Outputs[0];
        return _followed.Add(output) && (graph.IsOutput(output) || graph.Uses(output).Any(BecomesValue));
    }

    /// <summary>Gather and Slice with constant indices are how some sizes are read; other readers take them all.</summary>
    private bool Picks(TensorUse use, int length, Func<int, bool> matters) => use switch
    {
        // How many sizes there are does not change with any of them.
        { Node.OpType: "Shape" or "Size" } => false,
        { Index: 0, Node.OpType: "Gather" } when graph.Constant(use.Node.Inputs[1]) is { } indices =>
            indices.ReadIntegers().Any(index => matters((int)(index < 0 ? index + length : index))),
        { Index: 0, Node.OpType: "Slice" } when SliceOfSizes.Of(use.Node, length, graph) is { } taken => taken.Any(matters),
        _ => true,
    };
}
