using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>How derivatives pass through operators that move values.</summary>
internal static class ShapeGradients
{
    /// <summary>Passes the derivative by the output of a node on; false where there is no rule for it.</summary>
    public static bool Apply(GraphNode node, GradientBuilder builder, string gradient) => node.OpType switch
    {
        "Transpose" => Transposed(node, builder, gradient),
        "Gather" => Gathered(node, builder, gradient),
        "Concat" => Joined(node, builder, gradient),
        "Split" => Several(node, builder),
        _ => false,
    };

    /// <summary>The same for a node whose outputs are parts of its input; parts that lead nowhere count as zero.</summary>
    public static bool Several(GraphNode node, GradientBuilder builder)
    {
        if (node is not { OpType: "Split", Domain: "" })
        {
            return false;
        }

        builder.Give(node.Inputs[0], () =>
        {
            string[] parts = [.. node.Outputs.Select(o => builder.Total(o) ?? builder.Op("Mul", o, builder.Number(0)))];
            var whole = builder.Op("Concat", parts);
            builder.Last.SetInt("axis", node.Int("axis", 0));
            return whole;
        });
        return true;
    }

    private static bool Transposed(GraphNode node, GradientBuilder builder, string gradient)
    {
        if (builder.ShapeOf(node.Inputs[0]) is not { } dims)
        {
            return false;
        }

        int[] order = node.Has("perm") ? [.. node.Ints("perm").Select(axis => (int)axis)] : [.. Enumerable.Range(0, dims.Length).Reverse()];
        builder.Give(node.Inputs[0], () => builder.Transpose(gradient, Enumerable.Range(0, order.Length).Select(axis => Array.IndexOf(order, axis))));
        return true;
    }

    /// <summary>One index of an axis, as the first token of a text: the derivative stands there, and zeros elsewhere.</summary>
    private static bool Gathered(GraphNode node, GradientBuilder builder, string gradient)
    {
        if (builder.ShapeOf(node.Inputs[0]) is not { } dims || builder.Constant(node.Inputs[1]) is not { Count: 1 } constant)
        {
            return false;
        }

        var axis = (int)node.Int("axis", 0);
        axis = axis < 0 ? axis + dims.Length : axis;
        var input = node.Inputs[0];
        builder.Give(input, () =>
        {
            var index = constant.ReadIntegers()[0];
            var size = builder.Op("Gather", builder.Op("Shape", input), builder.Integer(axis));
            var places = builder.Op("Range", builder.Integer(0), size, builder.Integer(1));
            var chosen = index < 0 ? builder.Op("Add", size, builder.Integer(index)) : builder.Integer(index);
            var marked = builder.Op("Cast", builder.Op("Equal", places, chosen));
            builder.Last.SetInt("to", (long)ElementType.Float);
            if (axis < dims.Length - 1)
            {
                marked = builder.Op("Unsqueeze", marked, builder.Integers([.. Enumerable.Range(1, dims.Length - 1 - axis).Select(a => (long)a)]));
            }

            var there = constant.Dims.Count == 0 ? builder.Op("Unsqueeze", gradient, builder.Integers(axis)) : gradient;
            return builder.Op("Mul", there, marked);
        });
        return true;
    }

    private static bool Joined(GraphNode node, GradientBuilder builder, string gradient)
    {
        var axis = (int)node.Int("axis", 0);
        if (node.Inputs.Any(i => builder.ShapeOf(i) is null && builder.Constant(i) is null) || builder.ShapeOf(node.Outputs[0]) is not { } dims)
        {
            return false;
        }

        axis = axis < 0 ? axis + dims.Length : axis;
        var start = builder.Integers(0);
        foreach (var input in node.Inputs)
        {
            var size = builder.Op("Gather", builder.Op("Shape", input), builder.Integers(axis));
            var (from, end) = (start, builder.Op("Add", start, size));
            builder.Give(input, () => builder.Op("Slice", gradient, from, end, builder.Integers(axis)));
            start = end;
        }

        return true;
    }
}
