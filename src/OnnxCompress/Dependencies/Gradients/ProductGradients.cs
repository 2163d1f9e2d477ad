using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>How derivatives pass through matrix products, powers and softmax.</summary>
internal static class ProductGradients
{
    /// <summary>Passes the derivative by the output of a node on; false where there is no rule for it.</summary>
    public static bool Apply(GraphNode node, GradientBuilder builder, string gradient) => node.OpType switch
    {
        "MatMul" => Product(node, builder, gradient),
        "Gemm" => General(node, builder, gradient),
        "Softmax" => Softmax(node, builder, gradient),
        "Pow" => Power(node, builder, gradient),
        _ => false,
    };

    private static bool Product(GraphNode node, GradientBuilder builder, string gradient)
    {
        var (left, right, output) = (node.Inputs[0], node.Inputs[1], node.Outputs[0]);
        if (builder.ShapeOf(left) is not { Length: >= 2 } rows || builder.ShapeOf(output) is not { Length: >= 2 } whole || RankOf(right, builder) is not (>= 2 and var rank))
        {
            return false;
        }

        // What operands lack of leading axes is summed over; a matrix on the left of a stack does not occur but for constants.
        if ((builder.IsNeeded(left) && rows.Length != whole.Length) || (builder.IsNeeded(right) && rank != whole.Length))
        {
            return false;
        }

        builder.Give(left, () => builder.Op("MatMul", gradient, builder.TransposeLast(right, rank)));
        builder.Give(right, () => builder.Op("MatMul", builder.TransposeLast(left, rows.Length), gradient));
        return true;
    }

    private static int? RankOf(string tensor, GradientBuilder builder) => builder.Constant(tensor)?.Dims.Count ?? builder.ShapeOf(tensor)?.Length;

    private static bool General(GraphNode node, GradientBuilder builder, string gradient)
    {
        var (alpha, beta) = (node.Float("alpha", 1), node.Float("beta", 1));
        if (node.Int("transA", 0) != 0 || builder.IsNeeded(node.Inputs[1]))
        {
            return false;
        }

        builder.Give(node.Inputs[0], () =>
        {
            var product = builder.Op("MatMul", gradient, node.Int("transB", 0) != 0 ? node.Inputs[1] : builder.TransposeLast(node.Inputs[1], 2));
            return alpha == 1 ? product : builder.Op("Mul", product, builder.Number(alpha));
        });
        builder.Give(node.Input(2), node.Outputs[0], () => beta == 1 ? gradient : builder.Op("Mul", gradient, builder.Number(beta)));
        return true;
    }

    private static bool Softmax(GraphNode node, GradientBuilder builder, string gradient)
    {
        var axis = (int)node.Int("axis", -1);
        builder.Give(node.Inputs[0], () =>
        {
            var along = builder.Sum(builder.Op("Mul", gradient, node.Outputs[0]), keep: true, axis);
            return builder.Op("Mul", node.Outputs[0], builder.Op("Sub", gradient, along));
        });
        return true;
    }

    private static bool Power(GraphNode node, GradientBuilder builder, string gradient)
    {
        if (builder.Constant(node.Inputs[1]) is not { Type: ElementType.Float, Count: 1 } constant)
        {
            return false;
        }

        var exponent = constant.ReadFloats()[0];
        builder.Give(node.Inputs[0], () =>
        {
            var slope = exponent == 2 ? node.Inputs[0] : builder.Op("Pow", node.Inputs[0], builder.Number(exponent - 1));
            return builder.Op("Mul", gradient, builder.Op("Mul", slope, builder.Number(exponent)));
        });
        return true;
    }
}
