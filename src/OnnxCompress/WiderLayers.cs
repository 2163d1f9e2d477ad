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

    /// <summary>The same, those whose own numbers lose most first, whatever they take.</summary>
    /// <param name="layers">The layers and their errors.</param>
    public static IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> Worst(IReadOnlyList<LayerPrecision> layers) =>
        Ordered([.. layers.Select(l => l.OwnError is null ? l : l with { Error = l.OwnError })], (_, error, _) => error);

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
        return Ordered(layers, (layer, error, _) => error * error / Math.Max(taken[layer], Nothing), countsTime: true);
    }

    /// <summary>Bytes that the first of them take.</summary>
    /// <param name="steps">See <see cref="Of"/>.</param>
    /// <param name="count">How many.</param>
    public static long BytesOf(IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> steps, int count) =>
        steps.Take(count).Sum(s => s.Form == NumberForm.Int8Weights ? 0 : s.Bytes);

    /// <summary>
    /// The layer that its numbers ruin: it loses more than all others together. What layers in front of it lost is not counted. Null where
    /// no layer does, as where many lose alike.
    /// </summary>
    /// <param name="layers">The layers and their errors.</param>
    public static string? Ruined(IReadOnlyList<LayerPrecision> layers)
    {
        static double Square(LayerPrecision layer) => layer.OwnError is { } error ? error * error : 0;
        var worst = layers.MaxBy(Square);
        return worst is not null && Square(worst) > layers.Sum(Square) / 2 ? worst.Layer : null;
    }

    /// <summary>The first of them that fit into some bytes; one that does not fit leaves room for those behind it.</summary>
    /// <param name="steps">See <see cref="Of"/>.</param>
    /// <param name="room">Bytes.</param>
    /// <param name="ruined">See <see cref="Ruined"/>: where its weights stay in bytes, no time is too dear.</param>
    public static IReadOnlyDictionary<string, NumberForm> Within(IReadOnlyList<(string Layer, NumberForm Form, long Bytes)> steps, long room, string? ruined = null)
    {
        var taken = new Dictionary<string, NumberForm>(StringComparer.Ordinal);
        foreach (var (layer, form, bytes) in steps.Where(s => s.Bytes > 0))
        {
            var isFree = form == NumberForm.Int8Weights && layer == ruined;
            if (isFree || bytes <= room)
            {
                taken[layer] = form;
                room -= isFree ? 0 : bytes;
            }
        }

        return taken;
    }

    private static (string Layer, NumberForm Form, long Bytes)[] Ordered(IReadOnlyList<LayerPrecision> layers, Func<string, double, long, double> worth, bool countsTime = false) =>
    [
        .. layers.Where(l => l is { Error: > 0, Parameters: > 0 }).Select(l => (l.Layer, Error: Loses(l), Wider: Next(l, countsTime))).Where(l => l.Wider is not null)
            .OrderByDescending(l => worth(l.Layer, l.Error, l.Wider!.Value.Bytes)).Select(l => (l.Layer, l.Wider!.Value.Form, l.Wider.Value.Bytes)),
    ];

    // Of weights alone more bits mend what these lose; of activations what layers in front of it have lost is not rounded once more.
    private static double Loses(LayerPrecision layer) =>
        layer.Form is LayerPrecision.Blocks or LayerPrecision.BlockTable && layer.OwnError is { } own ? own : layer.Error!.Value;

    private static (NumberForm Form, long Bytes)? Next(LayerPrecision layer, bool countsTime) => layer.Form switch
    {
        LayerPrecision.Blocks or LayerPrecision.BlockTable => (NumberForm.Int8, More(layer, HalfByte, Byte)),
        // What activations in bytes lose is had back for no byte, but for the time that floating point takes: the bytes that it would take stand for that.
        LayerPrecision.Int8 or LayerPrecision.Dynamic when !countsTime => (NumberForm.Int8Weights, More(layer, Byte, Single)),
        LayerPrecision.Int8 or LayerPrecision.Dynamic or LayerPrecision.WideBlocks or LayerPrecision.Table or LayerPrecision.Weights => (NumberForm.Float, More(layer, Byte, Single)),
        _ => null,
    };

    private static long More(LayerPrecision layer, double from, double to) => (long)Math.Ceiling(layer.Parameters * (to - from));
}
