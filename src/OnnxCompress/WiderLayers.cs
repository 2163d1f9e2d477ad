using OnnxCompress.Forms;
using OnnxCompress.Precision;

namespace OnnxCompress;

/// <summary>
/// Which layers of a model in few bits should have more: those whose outputs lose most on rows that were not fitted, for each byte that
/// the next wider form takes.
/// </summary>
internal static class WiderLayers
{
    // Bytes of a number in each form, but for steps.
    private const double HalfByte = 0.5, Byte = 1, Single = 4;

    /// <summary>The next wider form of each layer, the most worthwhile first, with the bytes that it takes more.</summary>
    /// <param name="layers">The layers and their errors; those whose errors are not known are left as they are.</param>
    public static IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> Of(IReadOnlyList<LayerPrecision> layers) =>
        Ordered(layers, (_, error, bytes) => error * error / bytes);

    /// <summary>The same, those that lose most first, whatever they take.</summary>
    /// <param name="layers">The layers and their errors.</param>
    public static IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> Worst(IReadOnlyList<LayerPrecision> layers) =>
        Ordered(layers, (_, error, _) => error);

    /// <summary>
    /// The same, the most worthwhile for the time that they take longer in floating point first. Layers whose time is not known by their sizes
    /// are taken to be as the others for each of their weights.
    /// </summary>
    /// <param name="layers">The layers and their errors.</param>
    /// <param name="gains">By name, milliseconds that layers take longer in floating point than in 8 bits.</param>
    public static IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> ByTime(IReadOnlyList<LayerPrecision> layers, IReadOnlyDictionary<string, double> gains)
    {
        // What is no slower goes first, those that lose most in front.
        const double Nothing = 1e-9;
        LayerPrecision[] known = [.. layers.Where(l => l.Form == LayerPrecision.Int8 && gains.ContainsKey(l.Layer))];
        var each = known.Length == 0 ? 1 : known.Sum(l => Math.Max(0, gains[l.Layer])) / Math.Max(1, known.Sum(l => l.Parameters));
        var taken = layers.ToDictionary(l => l.Layer, l => l.Form == LayerPrecision.Int8 && gains.TryGetValue(l.Layer, out var gain) ? gain : l.Parameters * each, StringComparer.Ordinal);
        return Ordered(layers, (layer, error, _) => error * error / Math.Max(taken[layer], Nothing));
    }

    /// <summary>The first of them that fit into some bytes; one that does not fit leaves room for those behind it.</summary>
    /// <param name="steps">See <see cref="Of"/>.</param>
    /// <param name="room">Bytes.</param>
    public static IReadOnlyDictionary<string, NumberForm> Within(IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> steps, long room)
    {
        var taken = new Dictionary<string, NumberForm>(StringComparer.Ordinal);
        foreach (var (layer, form, bytes) in steps.Where(s => s.Bytes > 0))
        {
            if (bytes <= room)
            {
                taken[layer] = form;
                room -= bytes;
            }
        }

        return taken;
    }

    private static (string Layer, NumberForm Form, long Bytes)[] Ordered(IReadOnlyList<LayerPrecision> layers, Func<string, double, long, double> worth) =>
    [
        .. layers.Where(l => l is { Error: > 0, Parameters: > 0 }).Select(l => (l.Layer, Error: l.Error!.Value, Wider: Next(l))).Where(l => l.Wider is not null)
            .OrderByDescending(l => worth(l.Layer, l.Error, l.Wider!.Value.Bytes)).Select(l => (l.Layer, l.Wider!.Value.Form, l.Wider.Value.Bytes)),
    ];

    private static (NumberForm Form, long Bytes)? Next(LayerPrecision layer) => layer.Form switch
    {
        LayerPrecision.Blocks or LayerPrecision.BlockTable => (NumberForm.Int8, More(layer, HalfByte, Byte)),
        LayerPrecision.Int8 or LayerPrecision.Dynamic or LayerPrecision.WideBlocks or LayerPrecision.Table => (NumberForm.Float, More(layer, Byte, Single)),
        _ => null,
    };

    private static long More(LayerPrecision layer, double from, double to) => (long)Math.Ceiling(layer.Parameters * (to - from));
}
