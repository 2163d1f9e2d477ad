using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Testing;

/// <summary>Claims about two models.</summary>
internal static class ModelAssert
{
    /// <summary>
    /// Float32 against float32 after channels that others explain exactly were removed: the Gram is float (relative noise
    /// near 1e-6), its solution multiplies that by the conditioning of a few channels.
    /// </summary>
    public const double Redundant = 1e-4;

    /// <summary>Both models give the same outputs, relative to the Frobenius norm of each.</summary>
    public static void SameOutputs(OnnxModel expected, OnnxModel actual, double tolerance, string source, ISampleSource? samples = null)
    {
        samples ??= ModelRunner.Samples(expected);
        foreach (var (before, after) in ModelRunner.Run(expected, samples).Zip(ModelRunner.Run(actual, samples)))
        {
            Assert.Equal((before.Name, before.Type), (after.Name, after.Type));
            Assert.Equal(before.Dims, after.Dims);
            NumericAssert.RelativeFrobenius(Row(before.Values), Row(after.Values), tolerance, $"output {before.Name}; {source}");
        }
    }

    /// <summary>How far two models are apart: the largest relative Frobenius error of an output.</summary>
    public static double Distance(OnnxModel expected, OnnxModel actual, ISampleSource? samples = null)
    {
        samples ??= ModelRunner.Samples(expected);
        return ModelRunner.Run(expected, samples).Zip(ModelRunner.Run(actual, samples)).Max(pair =>
        {
            var difference = pair.First.Values.Zip(pair.Second.Values, (a, b) => a - b).ToArray();
            return NumericAssert.Norm(Row(difference)) / NumericAssert.Norm(Row(pair.First.Values));
        });
    }

    /// <summary>Names, types and dimensions (dynamic ones too) of inputs and outputs, in the file and in the runtime.</summary>
    public static void SameContract(OnnxModel expected, OnnxModel actual)
    {
        Assert.Equal(Describe(expected.Inputs), Describe(actual.Inputs));
        Assert.Equal(Describe(expected.Outputs), Describe(actual.Outputs));
        using var before = ModelRunner.Runtime.Open(expected, new SessionSettings(1));
        using var after = ModelRunner.Runtime.Open(actual, new SessionSettings(1));
        Assert.Equal(Describe(before.Inputs), Describe(after.Inputs));
        Assert.Equal(Describe(before.Outputs), Describe(after.Outputs));
    }

    /// <summary>The nodes whose own bytes, or the bytes of a constant they read, differ are exactly the ones named.</summary>
    public static void OnlyTouched(OnnxModel expected, OnnxModel actual, params string[] nodes)
    {
        Assert.Equal(expected.Graph.Nodes.Select(n => n.Name), actual.Graph.Nodes.Select(n => n.Name));
        var touched = expected.Graph.Nodes.Zip(actual.Graph.Nodes)
            .Where(p => !p.First.Proto.Equals(p.Second.Proto) || p.First.Inputs.Any(i => !SameConstant(expected.Graph, actual.Graph, i)))
            .Select(p => p.First.Name);
        Assert.Equal(nodes.Order(StringComparer.Ordinal), touched.Order(StringComparer.Ordinal));
    }

    private static bool SameConstant(ModelGraph expected, ModelGraph actual, string name) =>
        expected.Constant(name) is not { } before
        || (actual.Constant(name) is { } after && before.Type == after.Type && before.Dims.SequenceEqual(after.Dims) && SameValues(before, after));

    private static bool SameValues(Initializer before, Initializer after) => before.Type.IsFloatingPoint()
        ? before.ReadFloats().SequenceEqual(after.ReadFloats())
        : before.ReadIntegers().SequenceEqual(after.ReadIntegers());

    private static string[] Describe(IEnumerable<TensorInfo> tensors) => [.. tensors.Select(t => t.ToString())];

    private static Matrix<double> Row(double[] values) => new(1, values.Length, values);
}
