using OnnxCompress.Forms;
using OnnxCompress.Precision;

namespace OnnxCompress;

/// <summary>What a model is, by the numbers that its layers have in the end: those that were asked for need not be those of most.</summary>
/// <param name="Form">The numbers of most weights that are not as they were.</param>
/// <param name="Wider">Layers that were given more bits than these.</param>
/// <param name="Narrower">Layers with fewer.</param>
internal sealed record LayerForms(NumberForm Form, int Wider, int Narrower)
{
    /// <summary>What a model is.</summary>
    /// <param name="asked">The numbers that were asked for.</param>
    /// <param name="wider">Layers that were given more bits.</param>
    /// <param name="layers">All layers; none where they are as they were.</param>
    public static LayerForms Of(NumberForm asked, IReadOnlyDictionary<string, NumberForm> wider, IReadOnlyList<LayerPrecision> layers)
    {
        long Weights(NumberForm form) => layers.Where(layer => Of(layer.Form) == form).Sum(layer => layer.Parameters);
        // Convolutions take the next wider form of those that matrix products have.
        if (asked != NumberForm.Int4 || Weights(NumberForm.Int4) >= Weights(NumberForm.Int8))
        {
            return new(asked, wider.Count, 0);
        }

        return new(
            NumberForm.Int8,
            layers.Count(layer => wider.ContainsKey(layer.Layer) && (Of(layer.Form) == NumberForm.Float || layer.Form == LayerPrecision.Weights)),
            layers.Count(layer => Of(layer.Form) == NumberForm.Int4));
    }

    private static NumberForm Of(string form) => form switch
    {
        LayerPrecision.Blocks or LayerPrecision.BlockTable => NumberForm.Int4,
        LayerPrecision.Int8 or LayerPrecision.Dynamic or LayerPrecision.Weights or LayerPrecision.Table or LayerPrecision.WideBlocks => NumberForm.Int8,
        LayerPrecision.Half => NumberForm.Float16,
        _ => NumberForm.Float,
    };
}
