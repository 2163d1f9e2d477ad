using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Operators;

/// <summary>Split cuts an axis into consecutive ranges.</summary>
internal sealed class SplitRule : OperatorRule
{
    /// <inheritdoc />
    public override IReadOnlyList<string> OpTypes { get; } = ["Split"];

    /// <inheritdoc />
    public override void Relate(GraphNode node, Relations relations)
    {
        var input = relations.Axes(node.Inputs[0]);
        var axis = AxisOf(node, input.Length);
        var start = 0;
        foreach (var output in node.Outputs)
        {
            var axes = (IndexAxis?[])input.Clone();
            var size = relations.Shapes.Of(output)?[axis] ?? 0;
            axes[axis] = input[axis] is { } whole ? new IndexAxis(whole.Ids[start..(start + size)]) : null;
            start += size;
            relations.Set(output, axes);
        }
    }

    /// <inheritdoc />
    public override void Shrink(GraphNode node, Shrinkage shrinkage)
    {
        var input = shrinkage.Axes(node.Inputs[0]);
        var axis = AxisOf(node, input.Length);
        if (!shrinkage.Shrinks(input[axis]))
        {
            return;
        }

        var sizes = node.Outputs.Select(o => (long)shrinkage.Kept(shrinkage.Axes(o)[axis]!)).ToArray();
        // The sizes became an input in opset 13, and their number an attribute in opset 18.
        if (shrinkage.Opset < 13)
        {
            node.SetInts("split", sizes);
            return;
        }

        node.Remove("num_outputs");
        var name = shrinkage.Graph.AddIntegers($"{node.Name}/split", sizes);
        if (node.Inputs.Count > 1)
        {
            node.Proto.Input[1] = name;
        }
        else
        {
            node.Proto.Input.Add(name);
        }
    }

    private static int AxisOf(GraphNode node, int rank)
    {
        var axis = (int)node.Int("axis", 0);
        return axis < 0 ? axis + rank : axis;
    }
}
