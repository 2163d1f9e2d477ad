using System.Globalization;
using System.Text;

namespace OnnxCompress.Diagnostics;

/// <summary>
/// Text that came from a model or a file, made safe to look at: on the console, in reports and in plans. Nobody sees what a
/// terminal obeys, what turns the direction of writing, or what has no width, so it is written as what it is.
/// </summary>
public static class PlainText
{
    /// <summary>A message can quote a name of megabytes.</summary>
    private const int Longest = 4000;

    /// <summary>One line without anything invisible, cut where it is very long.</summary>
    /// <param name="text">Any text.</param>
    public static string OneLine(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Escape(Cut(text).ReplaceLineEndings(" "));
    }

    /// <summary>
    /// The same text with <c>\uXXXX</c> for each control, format and separator character and each half of a pair that stands
    /// alone; line feeds stay. In JSON that means the same string.
    /// </summary>
    /// <param name="text">Any text.</param>
    public static string Escape(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var escaped = default(StringBuilder);
        for (var at = 0; at < text.Length;)
        {
            var isWhole = Rune.TryGetRuneAt(text, at, out var rune);
            var length = isWhole ? rune.Utf16SequenceLength : 1;
            if (!isWhole || IsInvisible(rune))
            {
                escaped ??= new StringBuilder(text, 0, at, text.Length + 16);
                foreach (var unit in text.AsSpan(at, length))
                {
                    escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:X4}");
                }
            }
            else
            {
                escaped?.Append(text.AsSpan(at, length));
            }

            at += length;
        }

        return escaped?.ToString() ?? text;
    }

    private static string Cut(string text) => text.Length <= Longest ? text : $"{text[..(Longest / 2)]} ... {text[^(Longest / 2)..]}";

    private static bool IsInvisible(Rune rune) => rune.Value != '\n' && Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
