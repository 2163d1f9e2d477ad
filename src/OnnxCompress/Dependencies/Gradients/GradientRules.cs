using OnnxCompress.Models;

namespace OnnxCompress.Dependencies.Gradients;

/// <summary>How derivatives pass through operators: from outputs to what they are made of.</summary>
internal static class GradientRules
{
    private static readonly Dictionary<string, Action<GraphNode, GradientBuilder, string>> Rules = new(StringComparer.Ordinal)
    {
        ["Identity"] = (node, b, g) => b.Give(node.Inputs[0], () => g),
        ["Dropout"] = (node, b, g) => b.Give(node.Inputs[0], () => g),
        ["Add"] = (node, b, g) => Each(node, b, _ => g),
        ["Sub"] = (node, b, g) => Each(node, b, i => i == 0 ? g : b.Op("Neg", g)),
        ["Mul"] = (node, b, g) => Each(node, b, i => b.Op("Mul", g, node.Inputs[1 - i])),
        ["Div"] = (node, b, g) => Each(node, b, i => i == 0
            ? b.Op("Div", g, node.Inputs[1])
            : b.Op("Neg", b.Op("Div", b.Op("Mul", g, node.Outputs[0]), node.Inputs[1]))),
        ["Neg"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Neg", g)),
        ["Abs"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Mul", g, b.Op("Sign", node.Inputs[0]))),
        ["Sqrt"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Div", b.Op("Mul", g, b.Number(0.5f)), node.Outputs[0])),
        ["Reciprocal"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Neg", b.Op("Mul", g, b.Op("Mul", node.Outputs[0], node.Outputs[0])))),
        ["Exp"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Mul", g, node.Outputs[0])),
        ["Log"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Div", g, node.Inputs[0])),
        ["Tanh"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Mul", g, OneMinus(b, b.Op("Mul", node.Outputs[0], node.Outputs[0])))),
        ["Sigmoid"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Mul", g, b.Op("Mul", node.Outputs[0], OneMinus(b, node.Outputs[0])))),
        // What passes is positive.
        ["Relu"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Mul", g, b.Op("Sign", node.Outputs[0]))),
        ["Clip"] = (node, b, g) => b.Give(node.Inputs[0], () => b.Op("Mul", g, Float(b, b.Op("Equal", node.Inputs[0], node.Outputs[0])))),
        ["Erf"] = (node, b, g) => b.Give(node.Inputs[0], () =>
            b.Op("Mul", g, b.Op("Mul", b.Op("Exp", b.Op("Neg", b.Op("Mul", node.Inputs[0], node.Inputs[0]))), b.Number((float)(2 / Math.Sqrt(Math.PI)))))),
        ["Where"] = (node, b, g) =>
        {
            b.Give(node.Inputs[1], node.Outputs[0], () => b.Op("Where", node.Inputs[0], g, b.Number(0)));
            b.Give(node.Inputs[2], node.Outputs[0], () => b.Op("Where", node.Inputs[0], b.Number(0), g));
        },
        ["Expand"] = (node, b, g) => b.Give(node.Inputs[0], node.Outputs[0], () => g),
        ["Reshape"] = Reshaped,
        ["Flatten"] = Reshaped,
        ["Squeeze"] = Reshaped,
        ["Unsqueeze"] = Reshaped,
        ["ReduceSum"] = (node, b, g) => Reduced(node, b, g, isMean: false),
        ["ReduceMean"] = (node, b, g) => Reduced(node, b, g, isMean: true),
        ["LayerNormalization"] = (node, b, g) => NormGradients.Of(node, b, g, isCentred: true),
        ["RMSNormalization"] = (node, b, g) => NormGradients.Of(node, b, g, isCentred: false),
        ["SimplifiedLayerNormalization"] = (node, b, g) => NormGradients.Of(node, b, g, isCentred: false),
        ["com.microsoft.SkipLayerNormalization"] = (node, b, g) => NormGradients.OfSum(node, b, g, bias: 4, isCentred: true),
        ["com.microsoft.SkipSimplifiedLayerNormalization"] = (node, b, g) => NormGradients.OfSum(node, b, g, bias: 3, isCentred: false),
        ["Gelu"] = (node, b, g) => b.Give(node.Inputs[0], () => GeluOf(b, g, node.Inputs[0])),
        ["com.microsoft.Gelu"] = (node, b, g) => b.Give(node.Inputs[0], () => GeluOf(b, g, node.Inputs[0])),
        ["com.microsoft.BiasGelu"] = BiasedGelu,
        ["com.microsoft.FastGelu"] = BiasedGelu,
        ["com.microsoft.QuickGelu"] = (node, b, g) => b.Give(node.Inputs[0], () => SwishOf(b, g, node.Inputs[0], node.Float("alpha", 1.702f))),
    };

    /// <summary>Passes the derivative by the outputs of a node on.</summary>
    /// <returns>False where there is no rule for it.</returns>
    public static bool Apply(GraphNode node, GradientBuilder builder)
    {
        if (node.HasSubgraph || node.Outputs.Skip(1).Any(builder.HasGradient))
        {
            return !node.HasSubgraph && ShapeGradients.Several(node, builder);
        }

        var gradient = builder.Total(node.Outputs[0])!;
        var key = node.Domain.Length > 0 ? $"{node.Domain}.{node.OpType}" : node.OpType;
        if (Rules.TryGetValue(key, out var rule))
        {
            rule(node, builder, gradient);
            return true;
        }

        return key == "com.microsoft.MultiHeadAttention" ? AttentionGradients.OfHeads(node, builder, gradient) : node.Domain.Length == 0 && (ProductGradients.Apply(node, builder, gradient) || ShapeGradients.Apply(node, builder, gradient));
    }

    private static void Each(GraphNode node, GradientBuilder builder, Func<int, string> gradient)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            var index = i;
            builder.Give(node.Inputs[i], node.Outputs[0], () => gradient(index));
        }
    }

    private static void Reshaped(GraphNode node, GradientBuilder builder, string gradient) =>
        builder.Give(node.Inputs[0], () => builder.Op("Reshape", gradient, builder.Op("Shape", node.Inputs[0])));

    private static void Reduced(GraphNode node, GradientBuilder builder, string gradient, bool isMean) => builder.Give(node.Inputs[0], () =>
    {
        var input = node.Inputs[0];
        var spread = gradient;
        if (node.Int("keepdims", 1) == 0 && AxesOf(node, builder) is { Count: > 0 } axes)
        {
            spread = builder.Op("Unsqueeze", spread, builder.Integers([.. axes]));
        }

        spread = builder.Op("Expand", spread, builder.Op("Shape", input));
        return isMean
            ? builder.Op("Mul", spread, builder.Op("Div", Float(builder, builder.Op("Size", node.Outputs[0])), Float(builder, builder.Op("Size", input))))
            : spread;
    });

    private static IReadOnlyList<long> AxesOf(GraphNode node, GradientBuilder builder) =>
        node.Input(1) is { } axes ? builder.Constant(axes)?.ReadIntegers() ?? [] : node.Ints("axes");

    private static void BiasedGelu(GraphNode node, GradientBuilder builder, string gradient)
    {
        var sum = node.Input(1) is { } bias ? builder.Op("Add", node.Inputs[0], bias) : node.Inputs[0];
        builder.Give(node.Inputs[0], () => GeluOf(builder, gradient, sum));
    }

    /// <summary><c>g (Phi(x) + x phi(x))</c>, with the normal distribution and its density; for the form with a tanh too, which it is close to.</summary>
    private static string GeluOf(GradientBuilder b, string gradient, string x)
    {
        var below = b.Op("Mul", b.Op("Add", b.Op("Erf", b.Op("Mul", x, b.Number((float)Math.Sqrt(0.5)))), b.Number(1)), b.Number(0.5f));
        var density = b.Op("Mul", b.Op("Exp", b.Op("Mul", b.Op("Mul", x, x), b.Number(-0.5f))), b.Number((float)(1 / Math.Sqrt(2 * Math.PI))));
        return b.Op("Mul", gradient, b.Op("Add", below, b.Op("Mul", x, density)));
    }

    /// <summary><c>g (s + a x s (1 - s))</c> with <c>s = sigmoid(a x)</c>.</summary>
    private static string SwishOf(GradientBuilder b, string gradient, string x, float alpha)
    {
        var scaled = b.Op("Mul", x, b.Number(alpha));
        var sigmoid = b.Op("Sigmoid", scaled);
        return b.Op("Mul", gradient, b.Op("Add", sigmoid, b.Op("Mul", scaled, b.Op("Mul", sigmoid, OneMinus(b, sigmoid)))));
    }

    private static string OneMinus(GradientBuilder builder, string tensor) => builder.Op("Sub", builder.Number(1), tensor);

    private static string Float(GradientBuilder builder, string tensor)
    {
        var output = builder.Op("Cast", tensor);
        builder.Last.SetInt("to", (long)ElementType.Float);
        return output;
    }
}
