using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>
/// The target shape of a Reshape. A constant one is edited; a computed one (Shape, Gather, Concat) becomes a constant in
/// which dynamic sizes are copied from the input (0) or left to be worked out (-1), so that they stay dynamic.
/// </summary>
internal static class ReshapeTarget
{
    /// <summary>Whether the target can be written as a constant however axes shrink.</summary>
    public static bool CanBeStated(GraphNode node, ModelGraph graph, TensorShapes shapes) =>
        graph.Constant(node.Inputs[1]) is not null || Unresolved(node, shapes).Count() <= 1;

    /// <summary>Writes the target for the axes that are left.</summary>
    public static void Restate(GraphNode node, Shrinkage shrinkage)
    {
        var output = node.Outputs[0];
        var axes = shrinkage.Axes(output);
        var target = shrinkage.Graph.Constant(node.Inputs[1])?.ReadIntegers() ?? Describe(node, shrinkage.Shapes);
        for (var i = 0; i < target.Length; i++)
        {
            if (target[i] > 0 && shrinkage.Shrinks(axes[i]))
            {
                target[i] = shrinkage.Kept(axes[i]!);
            }
        }

        node.Proto.Input[1] = shrinkage.Graph.AddIntegers($"{node.Name}/shape", target);
    }

    private static long[] Describe(GraphNode node, TensorShapes shapes)
    {
        node.Remove("allowzero");
        var unresolved = Unresolved(node, shapes).ToArray();
        var output = shapes.Of(node.Outputs[0])!;
        var target = new long[output.Length];
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = unresolved.Contains(i) ? -1 : shapes.IsDynamic(node.Outputs[0], i) ? 0 : output[i];
        }

        return target;
    }

    /// <summary>Dynamic output axes that are not the input's axis of the same position.</summary>
    private static IEnumerable<int> Unresolved(GraphNode node, TensorShapes shapes)
    {
        var input = shapes.Of(node.Inputs[0])!;
        var output = shapes.Of(node.Outputs[0])!;
        for (var i = 0; i < output.Length; i++)
        {
            // A size can be copied when everything before it is copied too: then it is the same axis.
            var isCopy = i < input.Length && Enumerable.Range(0, i + 1).All(k => input[k] == output[k])
                && shapes.IsDynamic(node.Inputs[0], i);
            if (shapes.IsDynamic(node.Outputs[0], i) && !isCopy)
            {
                yield return i;
            }
        }
    }
}
