using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>A command line as it can be pasted into a shell again.</summary>
internal static class CommandText
{
    /// <summary>The tool and every word that was given, quoted where a shell would read it otherwise.</summary>
    public static string Of(ParseResult parsed) => string.Join(' ', Words(parsed).Select(Quote).Prepend("dotnet onnx-compress"));

    /// <summary>The words of <c>explore</c> as <c>compress</c> takes them, with another output.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">Options with their values, which stand in place of those that were given.</param>
    /// <param name="dropped">Options with one value each that do not go with them.</param>
    public static string Compressing(ParseResult parsed, IReadOnlyList<(string Option, string Value)> settings, params string[] dropped)
    {
        string[] replaced = ["-o", "--out", "--objective", .. dropped, .. settings.Select(s => s.Option)];
        var words = new List<string> { "dotnet onnx-compress compress" };
        var tokens = Words(parsed).Skip(1).ToArray();
        for (var i = 0; i < tokens.Length; i++)
        {
            if (replaced.Contains(tokens[i]))
            {
                i++;
            }
            else if (tokens[i] is not ("--overwrite" or "--json"))
            {
                words.Add(Quote(tokens[i]));
            }
        }

        return $"{string.Join(' ', words)} -o small.onnx {string.Join(' ', settings.Select(s => $"{s.Option} {s.Value}"))}";
    }

    // Which run of which build it was says nothing about the result.
    private static string[] Words(ParseResult parsed)
    {
        string[] words = [.. parsed.Tokens.Select(token => token.Value)];
        var hidden = Array.IndexOf(words, "--build-run");
        return hidden < 0 ? words : [.. words[..hidden], .. words.Skip(hidden + 2)];
    }

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_=.,:/+@%\\".Contains(c)) ? word
        : OperatingSystem.IsWindows() ? $"\"{word.Replace("\"", "\\\"", StringComparison.Ordinal)}\""
        : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
