using System.Globalization;

namespace OnnxCompress.Cli.Options;

/// <summary>Texts of options as values: numbers are read the same in every culture.</summary>
internal static class OptionText
{
    /// <summary>A finite number.</summary>
    public static double Number(string option, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value
            : throw Usage.Invalid(option, text, "a number, for instance 0.5");

    /// <summary>A share, above 0 and at most 1; null passes.</summary>
    public static double? Share(string option, string? text)
    {
        if (text is null)
        {
            return null;
        }

        var value = Number(option, text);
        return value is > 0 and <= 1 ? value : throw Usage.Invalid(option, text, "a share above 0 and at most 1, for instance 0.5");
    }

    /// <summary>A whole number in a range.</summary>
    public static int Whole(string option, string text, int smallest, int largest = int.MaxValue) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= smallest && value <= largest
            ? value
            : throw Usage.Invalid(
                option, text, largest == int.MaxValue ? $"a whole number of at least {smallest}" : $"a whole number from {smallest} to {largest}");

    /// <summary>A number of bytes: a whole number, with K, M, G or T for powers of 1024.</summary>
    public static long Size(string option, string text)
    {
        const string Units = "KMGT";
        var digits = text.ToUpperInvariant().TrimEnd('B').TrimEnd('I');
        var unit = digits.Length == 0 ? -1 : Units.IndexOf(digits[^1], StringComparison.Ordinal);
        return long.TryParse(unit < 0 ? digits : digits[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count > 0 && count <= long.MaxValue >> (10 * (unit + 1))
            ? count << (10 * (unit + 1))
            : throw Usage.Invalid(option, text, "a number of bytes, for instance 512M or 4G");
    }

    /// <summary>A time: a number with s, m or h for seconds, minutes and hours; seconds without.</summary>
    public static TimeSpan Duration(string option, string text)
    {
        const int MostDays = 7;
        var unit = text.Length == 0 ? -1 : "smh".IndexOf(text[^1], StringComparison.Ordinal);
        var seconds = double.TryParse(unit < 0 ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) ? count * Math.Pow(60, Math.Max(0, unit)) : 0;
        // Below the clock's own step nothing is left of it.
        return seconds >= 0.001 && seconds <= TimeSpan.FromDays(MostDays).TotalSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw Usage.Invalid(option, text, "a time of at most seven days, for instance 90s, 5m or 1h");
    }

    /// <summary>Numbers separated by commas; empty when there is no text.</summary>
    public static IReadOnlyList<double> Numbers(string option, string? text) =>
        text is null ? [] : [.. text.Split(',').Select(part => Number(option, part.Trim()))];

    /// <summary>Two numbers, the smaller first; null passes.</summary>
    public static (double Low, double High)? Range(string option, string? text) => Numbers(option, text) switch
    {
        [] => null,
        [var low, var high] when low < high => (low, high),
        _ => throw Usage.Invalid(option, text!, "two numbers, the smaller first, for instance 0,1"),
    };

    /// <summary>One of a few words.</summary>
    /// <param name="option">The option, for the message.</param>
    /// <param name="text">What was given.</param>
    /// <param name="values">What each word means.</param>
    public static T Word<T>(string option, string text, params ReadOnlySpan<(string Word, T Value)> values)
    {
        var words = new List<string>();
        foreach (var (word, value) in values)
        {
            if (word == text)
            {
                return value;
            }

            words.Add(word);
        }

        throw Usage.Invalid(option, text, string.Join(" or ", words));
    }
}
