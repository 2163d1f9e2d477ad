using System.Globalization;

namespace OnnxCompress.MSBuild;

/// <summary>
/// Text in the tool's response file. The format has one quoted argument a line, and no way to write a quotation mark or the
/// end of a line in one: what could be read as another argument is refused, so that each value arrives as one, as it is.
/// </summary>
internal static class ResponseLines
{
    /// <summary>Refuses text that cannot be written as one argument.</summary>
    /// <param name="what">The metadata or path that has it.</param>
    /// <param name="text">Its value.</param>
    /// <exception cref="InvalidItemException">It has a control character, a line or paragraph separator, half of a surrogate pair, or a quotation mark.</exception>
    public static void Check(string what, string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (Reason(text, i) is { } reason)
            {
                throw new InvalidItemException(FormattableString.Invariant(
                    $"{what} has {reason} (U+{(int)text[i]:X4}, character {i + 1}), which cannot be handed to the tool: '{Shown(text)}'."));
            }

            i += char.IsHighSurrogate(text[i]) ? 1 : 0;
        }
    }

    /// <summary>The file's text.</summary>
    /// <param name="arguments">In order.</param>
    /// <exception cref="InvalidItemException">One of them cannot be written.</exception>
    public static string Write(IReadOnlyList<string> arguments)
    {
        foreach (var argument in arguments)
        {
            Check("an argument", argument);
        }

        return string.Concat(arguments.Select(argument => $"\"{argument}\"\n"));
    }

    private static string? Reason(string text, int at) => char.GetUnicodeCategory(text[at]) switch
    {
        UnicodeCategory.Control => "a control character",
        UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => "a line separator",
        UnicodeCategory.Surrogate when !char.IsSurrogatePair(text, at) => "half of a surrogate pair",
        _ when text[at] == '"' => "a quotation mark",
        _ => null,
    };

    // A message of one line, whatever the value holds.
    private static string Shown(string text) => string.Concat(text.Select(c =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate ? '\u00b7' : c));
}
