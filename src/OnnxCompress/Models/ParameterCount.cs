namespace OnnxCompress.Models;

/// <summary>
/// Counts what a model has learnt: logical elements of the weights that its file holds. Weights that several nodes share
/// count once; packed ones count unpacked; scales, zero points and maps of indices count in bytes only.
/// </summary>
internal static class ParameterCount
{
    /// <summary>Logical elements of all weights.</summary>
    public static long Of(OnnxModel model) => model.Weights.Sum(w => w.Elements);

    /// <summary>The floating-point weights of the main graph that are stored in full, by name: initializers and Constant nodes.</summary>
    public static IEnumerable<KeyValuePair<string, Initializer>> FloatingPointConstants(OnnxModel model)
    {
        foreach (var weight in model.Weights.Where(w => w is { Form: WeightForm.Float, Inside: null }))
        {
            if (model.Graph.Constant(weight.Name) is { } constant)
            {
                yield return new(weight.Name, constant);
            }
        }
    }
}
