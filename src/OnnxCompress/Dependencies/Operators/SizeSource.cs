using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Where one element of a computed vector of sizes comes from.</summary>
internal static class SizeSource
{
    /// <summary>Chains of shape arithmetic are short; a longer one is not followed.</summary>
    private const int MostSteps = 64;

    /// <summary>The tensor and axis whose size it is; null where that is not clear.</summary>
    /// <param name="sizes">The vector.</param>
    /// <param name="element">The element.</param>
    /// <param name="relations">Where shapes and constants are.</param>
    public static (string Tensor, int Axis)? Of(string sizes, int element, Relations relations)
    {
        var graph = relations.Graph;
        for (var step = 0; step < MostSteps && graph.Producer(sizes) is { Domain: "" } node; step++)
        {
            switch (node.OpType)
            {
                case "Identity" or "Cast":
                    sizes = node.Inputs[0];
                    break;
                case "Shape" when node.Int("start", 0) == 0:
                    return (node.Inputs[0], element);
                case "Slice" when relations.Shape(node.Inputs[0]) is [var length] && SliceOfSizes.Of(node, length, graph) is { } taken && element < taken.Length:
                    (sizes, element) = (node.Inputs[0], taken[element]);
                    break;
                case "Concat" when Part(node, element, relations) is var (part, at):
                    (sizes, element) = (part, at);
                    break;
                case "Gather" when relations.Shape(node.Inputs[0]) is [var length] && graph.Constant(node.Inputs[1]) is { } indices && element < indices.Count:
                    var index = indices.ReadIntegers()[element];
                    (sizes, element) = (node.Inputs[0], (int)(index < 0 ? index + length : index));
                    break;
                case "Unsqueeze" when relations.Shape(node.Inputs[0]) is { Length: 0 }:
                    (sizes, element) = (node.Inputs[0], 0);
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    private static (string Part, int Element)? Part(GraphNode concat, int element, Relations relations)
    {
        foreach (var input in concat.Inputs)
        {
            if (relations.Shape(input) is not [var length])
            {
                return null;
            }

            if (element < length)
            {
                return (input, element);
            }

            element -= length;
        }

        return null;
    }
}
