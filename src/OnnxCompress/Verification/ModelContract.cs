using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Verification;

/// <summary>What a caller of a model relies on, and compression must not change: names, types and shapes of inputs and outputs.</summary>
internal static class ModelContract
{
    /// <summary>Refuses models that a caller could not exchange for one another.</summary>
    /// <exception cref="OnnxCompressException">OCX7003, with the first difference.</exception>
    public static void Check(OnnxModel original, OnnxModel compressed)
    {
        Check("input", original.Inputs, compressed.Inputs);
        Check("output", original.Outputs, compressed.Outputs);
    }

    private static void Check(string what, IReadOnlyList<TensorInfo> original, IReadOnlyList<TensorInfo> compressed)
    {
        foreach (var expected in original)
        {
            var actual = compressed.FirstOrDefault(tensor => tensor.Name == expected.Name) ?? throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer, $"The second model has no {what} '{expected.Name}'; the first has {expected}.");
            if (actual.Type != expected.Type || !SameShape(actual.Dims, expected.Dims))
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.OutputsDiffer, $"The {what}s differ: {expected} in the first model, {actual} in the second.");
            }
        }

        if (compressed.Count != original.Count)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.OutputsDiffer, $"The first model has {original.Count} {what}s, the second {compressed.Count}.");
        }
    }

    // The batch may be fixed in one model only, and a name may stand where the other model has a number.
    private static bool SameShape(IReadOnlyList<Dimension>? first, IReadOnlyList<Dimension>? second) =>
        first is null || second is null || (first.Count == second.Count
            && first.Zip(second).Skip(1).All(pair => pair.First.Value is null || pair.Second.Value is null || pair.First.Value == pair.Second.Value));
}
