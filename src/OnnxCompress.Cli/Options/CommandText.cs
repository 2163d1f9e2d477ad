using System.CommandLine;

namespace OnnxCompress.Cli.Options;

/// <summary>A command line as it can be pasted into a shell again.</summary>
internal static class CommandText
{
    /// <summary>The tool and every word that was given, quoted where a shell would read it otherwise.</summary>
    public static string Of(ParseResult parsed) => string.Join(' ', parsed.Tokens.Select(token => Quote(token.Value)).Prepend("dotnet onnx-compress"));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_=.,:/+@%\\".Contains(c)) ? word
        : OperatingSystem.IsWindows() ? $"\"{word.Replace("\"", "\\\"", StringComparison.Ordinal)}\""
        : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
