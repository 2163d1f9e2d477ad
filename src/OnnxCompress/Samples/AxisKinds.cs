using OnnxCompress.Models;

namespace OnnxCompress.Samples;

/// <summary>Tells what dynamic axes count: by their names, the name of their input, and the axes beside them.</summary>
/// <param name="inputs">All inputs of the model.</param>
internal sealed class AxisKinds(IReadOnlyList<TensorInfo> inputs)
{
    private static readonly string[] Sounds = ["audio", "wav", "pcm", "signal", "speech", "sound"];

    private readonly bool _hasRate = inputs.Any(IsRate);
    private readonly bool _isAlone = inputs.Count == 1;

    /// <summary>What an axis counts.</summary>
    /// <param name="input">The input; has a rank.</param>
    /// <param name="axis">The axis, of all of them.</param>
    public AxisKind Of(TensorInfo input, int axis)
    {
        var symbol = input.Dims![axis].Symbol;
        return Named(symbol)
            ?? (symbol is null && GivenValue.IsPast(input.Name) ? AxisKind.Past
            : Has(symbol, "seq", "length", "token", "time", "frame", "step") ? Sequence(input)
            : PictureAxis(input, axis) ?? (GivenValue.IsPast(input.Name) ? AxisKind.Past : Sequence(input)));
    }

    private static AxisKind? Named(string? symbol) =>
        InputNeeds.IsPast(symbol) ? AxisKind.Past
        : symbol is "H" or "h" || Has(symbol, "height") ? AxisKind.Height
        : symbol is "W" or "w" || Has(symbol, "width") ? AxisKind.Width
        : symbol is "C" || Has(symbol, "channel") ? AxisKind.Channels
        : null;

    /// <summary>Pictures have one, three or four colours in front of their sides or behind them, or two sides that are dynamic.</summary>
    private static AxisKind? PictureAxis(TensorInfo input, int axis)
    {
        var dims = input.Dims!;
        var end = dims.Count;
        if (end is < 3 or > 5 || input.Type is ElementType.Int32 or ElementType.Int64 or ElementType.Bool)
        {
            return null;
        }

        if (end > 3 && IsColours(dims[^1]) && !IsColours(dims[1]))
        {
            return axis == end - 3 ? AxisKind.Height : axis == end - 2 ? AxisKind.Width : null;
        }

        // Three axes are a picture without a batch only where the first says colours.
        var colours = dims[end == 3 ? 0 : 1];
        var isPicture = IsColours(colours) && (end > 3 || colours.Value > 1) || (end > 3 && dims[^1].Value is null && dims[^2].Value is null);
        return !isPicture ? null
            : axis == end - 2 ? AxisKind.Height
            : axis == end - 1 ? AxisKind.Width
            : axis == 1 && colours.Value is null ? AxisKind.Channels
            : null;
    }

    private static bool IsColours(Dimension dim) => dim.Value is 1 or 3 or 4;

    private AxisKind Sequence(TensorInfo input) =>
        !input.Type.IsFloatingPoint() || input.Dims!.Count > 3 ? AxisKind.Length
        : _hasRate ? AxisKind.Chunk
        : !Has(input.Name, Sounds) ? AxisKind.Length
        : _isAlone ? AxisKind.Recording
        : AxisKind.Chunk;

    private static bool IsRate(TensorInfo input) =>
        string.Equals(input.Name, "sr", StringComparison.OrdinalIgnoreCase) || Has(input.Name, "sample_rate", "sampling_rate", "samplerate");

    private static bool Has(string? name, params string[] words) =>
        name is not null && words.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));
}
