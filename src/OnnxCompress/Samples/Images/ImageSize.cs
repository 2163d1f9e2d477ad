using System.Globalization;

namespace OnnxCompress.Samples.Images;

/// <summary>What images are resized or cropped to, in pixels.</summary>
/// <param name="Height">Rows; the shorter side when <paramref name="Width"/> is null.</param>
/// <param name="Width">Columns; null: resizing keeps the proportions, cropping takes a square.</param>
public sealed record ImageSize(int Height, int? Width = null)
{
    /// <summary>The largest side that can be asked for.</summary>
    public const int Largest = 16384;

    /// <summary>Reads <c>256</c> or <c>HEIGHTxWIDTH</c>; null when the text is neither or a side lies outside [1, <see cref="Largest"/>].</summary>
    public static ImageSize? Parse(string text)
    {
        var parts = text.Split('x');
        return parts.Length is 1 or 2 && Side(parts[0]) is { } height && Side(parts[^1]) is { } width
            ? new(height, parts.Length == 2 ? width : null)
            : null;
    }

    /// <summary>For instance <c>256</c> or <c>224x320</c>.</summary>
    public override string ToString() => Width is { } width ? $"{Height}x{width}" : $"{Height}";

    /// <summary>What an image becomes when it is resized; the longer side of a narrow one can pass 2^31.</summary>
    internal (long Height, long Width) Resized(int height, int width) =>
        Width is { } columns ? (Height, columns)
        : height <= width ? (Height, Math.Max(1, (long)Height * width / height))
        : (Math.Max(1, (long)Height * height / width), Height);

    private static int? Side(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var side) && side is >= 1 and <= Largest ? side : null;
}
