using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>How derivatives pass through normalisations over the last axis.</summary>
internal static class NormGradients
{
    private const float UsualEpsilon = 1e-5f;

    /// <summary>
    /// With <c>n = (x - mean) r</c>, <c>r = 1 / sqrt(var + eps)</c> and h the gradient times gamma:
    /// <c>r (h - mean(h) - n mean(h n))</c> (Ba et al. 2016, Layer Normalization); without the means where nothing is centred.
    /// </summary>
    /// <param name="node">The node; its second input is gamma.</param>
    /// <param name="builder">Adds nodes.</param>
    /// <param name="gradient">The derivative by its output.</param>
    /// <param name="isCentred">Whether the mean is taken off.</param>
    public static void Of(GraphNode node, GradientBuilder builder, string gradient, bool isCentred)
    {
        var input = node.Inputs[0];
        if (node.Int("axis", -1) is var axis && builder.ShapeOf(input) is { } dims && axis != -1 && axis != dims.Length - 1)
        {
            builder.Spoil(node);
            return;
        }

        builder.Give(input, () => Normalised(builder, input, builder.Op("Mul", gradient, node.Inputs[1]), node.Float("epsilon", UsualEpsilon), (builder.ShapeOf(input)![^1], isCentred)));
    }

    /// <summary>The same of a sum of two operands and a bias.</summary>
    /// <param name="node">The node; its third input is gamma.</param>
    /// <param name="builder">Adds nodes.</param>
    /// <param name="gradient">The derivative by its first output; that by the sum, its fourth, is not asked for.</param>
    /// <param name="bias">The input that is the bias.</param>
    /// <param name="isCentred">Whether the mean is taken off.</param>
    public static void OfSum(GraphNode node, GradientBuilder builder, string gradient, int bias, bool isCentred)
    {
        var sum = builder.Op("Add", node.Inputs[0], node.Inputs[1]);
        sum = node.Input(bias) is { } added ? builder.Op("Add", sum, added) : sum;
        var passed = Normalised(
            builder, sum, builder.Op("Mul", gradient, node.Inputs[2]), node.Float("epsilon", UsualEpsilon), (builder.ShapeOf(node.Outputs[0])![^1], isCentred));
        builder.Give(node.Inputs[0], node.Outputs[0], () => passed);
        builder.Give(node.Inputs[1], node.Outputs[0], () => passed);
    }

    private static string Normalised(GradientBuilder b, string x, string gradient, float epsilon, (int Width, bool IsCentred) form)
    {
        var (width, isCentred) = form;
        var centred = isCentred ? b.Op("Sub", x, b.MeanOfLast(x, width)) : x;
        var variance = b.MeanOfLast(b.Op("Mul", centred, centred), width);
        var inverse = b.Op("Reciprocal", b.Op("Sqrt", b.Op("Add", variance, b.Number(epsilon))));
        var normal = b.Op("Mul", centred, inverse);
        var along = b.Op("Mul", normal, b.MeanOfLast(b.Op("Mul", gradient, normal), width));
        var rest = b.Op("Sub", isCentred ? b.Op("Sub", gradient, b.MeanOfLast(gradient, width)) : gradient, along);
        return b.Op("Mul", rest, inverse);
    }
}
