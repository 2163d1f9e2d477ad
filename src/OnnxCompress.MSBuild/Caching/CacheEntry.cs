using System.Text;

namespace OnnxCompress.MSBuild;

/// <summary>What an entry of the cache says of itself: what its result was made from, what the run warned of, and the content of each file.</summary>
internal sealed class CacheEntry
{
    /// <summary>The file's name in an entry; none of a result's has it.</summary>
    public const string Name = "entry.txt";

    private const string Heading = "onnx-compress result 1";
    private const string Ending = "end";
    private const long Longest = 1 << 26;

    /// <summary>Puts one together.</summary>
    public CacheEntry(IReadOnlyList<string> madeFrom, IReadOnlyList<(string Code, string Text)> warnings, IReadOnlyList<(string Name, string Hash)> files) =>
        (MadeFrom, Warnings, Files) = (madeFrom, warnings, files);

    /// <summary>The lines of the <see cref="ContentKey"/>.</summary>
    public IReadOnlyList<string> MadeFrom { get; }

    /// <summary>What the run warned of.</summary>
    public IReadOnlyList<(string Code, string Text)> Warnings { get; }

    /// <summary>Every file of the result, with its SHA-256.</summary>
    public IReadOnlyList<(string Name, string Hash)> Files { get; }

    /// <summary>As it is kept.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder(Heading).Append('\n');
            foreach (var line in MadeFrom)
            {
                _ = text.Append("< ").Append(line).Append('\n');
            }

            foreach (var (code, said) in Warnings)
            {
                _ = text.Append("! ").Append(code).Append(' ').Append(Uri.EscapeDataString(said)).Append('\n');
            }

            foreach (var (name, hash) in Files)
            {
                _ = text.Append("> ").Append(hash).Append(' ').Append(Uri.EscapeDataString(name)).Append('\n');
            }

            return text.Append(Ending).Append('\n').ToString();
        }
    }

    /// <summary>Reads one.</summary>
    /// <returns>Null when it is not one that this version wrote whole, or names a file that no entry holds.</returns>
    public static CacheEntry? Read(Stream stream)
    {
        if (stream.Length > Longest)
        {
            return null;
        }

        using var reader = new StreamReader(stream, Encoding.UTF8);
        var lines = reader.ReadToEnd().Split('\n');
        if (lines.Length < 3 || lines[0] != Heading || lines[lines.Length - 2] != Ending || lines[lines.Length - 1].Length > 0)
        {
            return null;
        }

        var said = lines.Skip(1).Take(lines.Length - 3).ToList();
        var warnings = Marked(said, '!').Select(Pair).ToList();
        var files = Marked(said, '>').Select(Pair).ToList();
        var isWhole = said.All(line => line.Length > 2 && "<!>".IndexOf(line[0]) >= 0 && line[1] == ' ')
            && !warnings.Contains(null) && !files.Contains(null) && files.All(file => IsPlain(file!.Value.Second));
        return isWhole
            ? new([.. Marked(said, '<')], [.. warnings.Select(pair => pair!.Value)], [.. files.Select(pair => (pair!.Value.Second, pair.Value.First))])
            : null;
    }

    /// <summary>Whether a name is that of a file in the entry's own folder.</summary>
    public static bool IsPlain(string name) =>
        name.Trim('.', ' ').Length > 0 && name.IndexOfAny(['/', '\\', ':', '\0']) < 0 && !string.Equals(name, Name, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Marked(IEnumerable<string> lines, char mark) => lines.Where(line => line[0] == mark).Select(line => line.Substring(2));

    private static (string First, string Second)? Pair(string line)
    {
        var space = line.IndexOf(" ", StringComparison.Ordinal);
        return space < 0 ? null : (line.Substring(0, space), Uri.UnescapeDataString(line.Substring(space + 1)));
    }
}
