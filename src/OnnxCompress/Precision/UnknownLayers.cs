using OnnxCompress.Models;

namespace OnnxCompress.Precision;

/// <summary>Layers that stay in floating point because no form in 8 bits is written for them: whoever reads the list misses none.</summary>
internal static class UnknownLayers
{
    /// <summary>By operator, the inputs that are weights of a layer, biases apart.</summary>
    private static readonly Dictionary<string, int[]> Weights = new(StringComparer.Ordinal)
    {
        ["Conv"] = [1], ["ConvTranspose"] = [1], ["Gemm"] = [0, 1], ["MatMul"] = [0, 1], ["Gather"] = [0], ["Einsum"] = [0, 1],
        ["LSTM"] = [1, 2], ["GRU"] = [1, 2], ["RNN"] = [1, 2],
    };

    /// <summary>Weights of layers in floating point, biases apart.</summary>
    public static IEnumerable<StoredWeight> All(OnnxModel model) => model.Weights.Where(w => w.Form == WeightForm.Float && IsLayer(w));

    /// <summary>The layers, once for each weight.</summary>
    /// <param name="model">The model.</param>
    /// <param name="known">Weights of the main graph that have an entry already.</param>
    public static IEnumerable<LayerPrecision> Of(OnnxModel model, IReadOnlySet<string> known) => All(model)
        .Where(w => w.Inside is not null || !known.Contains(w.Name))
        .Select(w => new LayerPrecision(w.Reader.Name, LayerPrecision.Float) { Reason = Reason(w), Parameters = w.Elements });

    private static bool IsLayer(StoredWeight weight) =>
        weight.Reader.Domain.Length == 0 && Weights.TryGetValue(weight.Reader.OpType, out var inputs) && inputs.Any(i => weight.Reader.Input(i) == weight.Name);

    private static string Reason(StoredWeight weight) =>
        weight.Inside is { } place ? $"it lies in a branch or function, '{place}'"
        : weight.Reader.OpType is "LSTM" or "GRU" or "RNN" ? $"the runtime has no {weight.Reader.OpType} in 8 bits"
        : $"this form of {weight.Reader.OpType} is not written in 8 bits";
}
