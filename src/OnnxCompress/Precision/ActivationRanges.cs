using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>What the bytes of each tensor stand for, from calibration data.</summary>
/// <param name="Scales">By root of the tensors.</param>
/// <param name="Warnings">Tensors that held values which no range holds.</param>
internal sealed record ActivationRanges(IReadOnlyDictionary<string, ByteScale> Scales, IReadOnlyList<Diagnostic> Warnings)
{
    /// <summary>Operators that look at nothing but the greatest of many values.</summary>
    private static readonly HashSet<string> Peaks = ["GlobalMaxPool", "ReduceMax"];

    /// <summary>Operators behind which a great value is still one, or the cause of one.</summary>
    private static readonly HashSet<string> Through =
    [
        .. PlaceFinder.Moving, "Concat", "Split", "Cast", "Dropout", "Expand", "Clip", "PRelu", "Add", "Sub", "Mul", "Div", "Min", "Max", "Sum",
        "Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Celu", "Selu", "Gelu", "Swish", "Mish", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Erf", "Softplus", "Softsign", "Exp", "Sqrt",
    ];

    /// <summary>Chooses.</summary>
    /// <param name="histograms">By tensor, the values that it has in the float model.</param>
    /// <param name="graph">The float model.</param>
    /// <param name="options">How ranges are chosen.</param>
    public static ActivationRanges Of(IReadOnlyDictionary<string, TensorHistogram> histograms, ModelGraph graph, QuantizerOptions options) => new(
        histograms.ToDictionary(
            h => h.Key, h => options.FitsRanges && !ReachesPeak(h.Key, graph) ? RangeSearch.Best(h.Value) : RangeSearch.Whole(h.Value), StringComparer.Ordinal),
        [.. histograms.Where(h => h.Value.NonFinite > 0).Select(h => NotFinite(h.Key, h.Value))]);

    /// <summary>Whether only the greatest values count in the end: a range that cuts those off for the sake of the others loses what is read.</summary>
    private static bool ReachesPeak(string tensor, ModelGraph graph)
    {
        var (pending, seen) = (new Stack<string>([tensor]), new HashSet<string>(StringComparer.Ordinal));
        while (pending.TryPop(out var next))
        {
            foreach (var reader in graph.Uses(next).Where(u => u.Index != TensorUse.Captured).Select(u => u.Node))
            {
                if (Peaks.Contains(reader.OpType))
                {
                    return true;
                }

                foreach (var output in reader.Outputs.Where(o => o.Length > 0 && Through.Contains(reader.OpType) && seen.Add(o)))
                {
                    pending.Push(output);
                }
            }
        }

        return false;
    }

    private static Diagnostic NotFinite(string tensor, TensorHistogram histogram) => new(
        DiagnosticCodes.RangeNotFinite,
        Severity.Warning,
        $"'{tensor}' held {histogram.NonFinite} values that are NaN or infinite on the calibration data; its range was chosen without them.");
}
