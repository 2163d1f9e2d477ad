using OnnxCompress.Models;

namespace OnnxCompress.Selection.Coreset;

/// <summary>
/// Non-decreasing bounds of activation functions: <c>|phi(x)| &lt;= envelope(u)</c> for all <c>|x| &lt;= u</c>. Sensitivities
/// need no more than that. The bound is attained, and so the sensitivity is the smallest there is, for Relu, Sigmoid,
/// HardSigmoid, Softplus (monotone), Tanh, Softsign, Erf, Abs (odd or even), Gelu, HardSwish, Swish and Mish
/// (<c>x s(x)</c> with s growing: <c>|phi(-u)| &lt;= phi(u)</c>), LeakyRelu and PRelu with slopes up to 1; for Elu, Selu, Celu and
/// Clip with bounds of different size it is a bound only.
/// </summary>
internal static class ActivationEnvelope
{
    /// <summary>The envelope of a node; null when the node is no activation function of one input.</summary>
    /// <param name="node">The node.</param>
    /// <param name="graph">Where slopes and limits are.</param>
    public static Func<double, double>? Of(GraphNode node, ModelGraph graph)
    {
        var alpha = (double otherwise) => (double)node.Float("alpha", (float)otherwise);
        var beta = (double)node.Float("beta", 0.5f);
        return node.OpType switch
        {
            "Relu" or "Abs" or "ThresholdedRelu" => static u => u,
            "LeakyRelu" => Steepest(alpha(0.01)),
            "PRelu" => Steepest(graph.Constant(node.Inputs[1]) is { } slopes ? slopes.ReadFloats().Select(Math.Abs).DefaultIfEmpty().Max() : 1),
            "Elu" or "Celu" => Steepest(alpha(1)),
            "Selu" => Steepest(1.0507 * Math.Max(1, alpha(1.67326))),
            "Sigmoid" => static u => 1 / (1 + Math.Exp(-u)),
            "HardSigmoid" => HardSigmoid(alpha(0.2), beta),
            "Tanh" => Math.Tanh,
            "Softplus" => static u => u + Math.Log(1 + Math.Exp(-u)),
            "Softsign" => static u => u / (1 + u),
            "Erf" => Erf,
            "Gelu" => static u => u * (1 + Erf(u / Math.Sqrt(2))) / 2,
            "HardSwish" => static u => u * HardSigmoid(1.0 / 6, 0.5)(u),
            "Swish" => static u => u / (1 + Math.Exp(-u)),
            "Mish" => static u => u * Math.Tanh(u + Math.Log(1 + Math.Exp(-u))),
            "Clip" => Clip(node, graph),
            _ => null,
        };
    }

    private static Func<double, double> Steepest(double slope)
    {
        var factor = Math.Max(1, Math.Abs(slope));
        return u => factor * u;
    }

    private static Func<double, double> HardSigmoid(double alpha, double beta) => u => Math.Clamp((Math.Abs(alpha) * u) + beta, 0, 1);

    private static Func<double, double> Clip(GraphNode node, ModelGraph graph)
    {
        // Limits were attributes up to opset 10 and are inputs since.
        var limits = new[] { (Input: 1, Attribute: "min"), (Input: 2, Attribute: "max") }.Select(limit =>
            node.Input(limit.Input) is { } name ? graph.Constant(name)?.ReadFloats() is [var value] ? Math.Abs(value) : double.PositiveInfinity
            : node.Has(limit.Attribute) ? Math.Abs(node.Float(limit.Attribute, 0)) : double.PositiveInfinity);
        var largest = limits.Max();
        return u => Math.Min(u, largest);
    }

    /// <summary>The error function to 1.5e-7 (Abramowitz and Stegun 7.1.26), for non-negative arguments.</summary>
    private static double Erf(double u)
    {
        var t = 1 / (1 + (0.3275911 * u));
        return 1 - (t * (0.254829592 + (t * (-0.284496736 + (t * (1.421413741 + (t * (-1.453152027 + (t * 1.061405429)))))))) * Math.Exp(-u * u));
    }
}
