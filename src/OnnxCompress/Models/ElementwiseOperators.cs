namespace OnnxCompress.Models;

/// <summary>Operators of the default domain that act on each element alone, with broadcasting.</summary>
internal static class ElementwiseOperators
{
    /// <summary>Their names; those that pass elements on, such as Identity, are not among them.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Mean", "Sum", "PRelu", "Where", "Mod", "Equal", "Greater", "Less",
        "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor",
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor",
        "HardSigmoid", "HardSwish", "LeakyRelu", "Log", "Mish", "Neg", "Not", "Reciprocal", "Relu", "Round", "Selu", "Shrink",
        "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Gelu",
        "IsNaN", "IsInf", "BitShift",
    ];
}
