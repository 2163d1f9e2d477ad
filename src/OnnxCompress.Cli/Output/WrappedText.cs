namespace OnnxCompress.Cli.Output;

/// <summary>Text in lines that fit a log and a narrow window.</summary>
internal static class WrappedText
{
    /// <summary>No line of a result is longer.</summary>
    public const int Width = 120;

    /// <summary>A name that is longer than this is cut in its middle where it must stand in one line.</summary>
    private const int LongestName = 48;

    /// <summary>Breaks a text at spaces, and words that are longer than a line.</summary>
    /// <param name="text">One line.</param>
    /// <param name="width">Characters of a line.</param>
    /// <param name="indent">Characters in front of every line but the first.</param>
    public static IEnumerable<string> Lines(string text, int width, int indent = 0)
    {
        var (start, room, before) = (0, width, "");
        while (text.Length - start > room)
        {
            var space = text.LastIndexOf(' ', start + room, room);
            var end = space > start ? space : start + room;
            yield return before + text[start..end];
            start = end == space ? end + 1 : end;
            (room, before) = (width - indent, new string(' ', indent));
        }

        yield return before + text[start..];
    }

    /// <summary>A name that fits a column: of a longer one beginning and end, which tell layers apart.</summary>
    public static string Name(string name)
    {
        const string Gap = "...";
        const int Half = (LongestName - 3) / 2;
        return name.Length <= LongestName ? name : $"{name[..Half]}{Gap}{name[^(LongestName - Half - Gap.Length)..]}";
    }
}
