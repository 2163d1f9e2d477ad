namespace OnnxCompress.Cli.Output;

/// <summary>Text for a terminal: names come from files, and a terminal obeys control characters.</summary>
internal static class PlainText
{
    /// <summary>A message can quote a name of megabytes.</summary>
    private const int Longest = 4000;

    /// <summary>One line without control characters, cut where it is very long.</summary>
    public static string OneLine(string text) => Clean(Cut(text).ReplaceLineEndings(" "));

    /// <summary>The same text, with a question mark for each control character and for what changes the direction of writing.</summary>
    public static string Clean(string text) =>
        text.Any(IsObeyed) ? string.Concat(text.Select(c => IsObeyed(c) ? '?' : c)) : text;

    private static string Cut(string text) => text.Length <= Longest ? text : $"{text[..(Longest / 2)]} ... {text[^(Longest / 2)..]}";

    private static bool IsObeyed(char c) => char.IsControl(c) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');
}
