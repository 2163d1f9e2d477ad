using System.Globalization;

namespace OnnxCompress.Samples;

/// <summary>Tells values that stand for data from paths; compiled into the build task as well, which reads the same texts.</summary>
internal static class ValueText
{
    /// <summary>A value of which every element is 0.</summary>
    public const string Zeros = "zeros";

    /// <summary>Whether a text is <c>zeros</c>, a number, or numbers with commas between them.</summary>
    public static bool IsValue(string text) => text == Zeros || text.Split(',').All(part => IsNumber(part, out _));

    /// <summary>Reads a finite number, the same in every culture.</summary>
    public static bool IsNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && !double.IsNaN(value) && !double.IsInfinity(value);
}
