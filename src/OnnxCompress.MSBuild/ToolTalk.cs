using System.Text.RegularExpressions;

namespace OnnxCompress.MSBuild;

/// <summary>What a run of the tool has said: diagnostics wait for the exit code, all else is talk.</summary>
internal sealed class ToolTalk
{
    private const int FewWords = 8;

    private static readonly Regex DiagnosticLine = new(
        "^onnx-compress : (?<severity>error|warning|message) (?<code>OCX[0-9]{4}): (?<text>.*)$", RegexOptions.CultureInvariant);

    private readonly List<(string Code, string Severity, string Text)> _said = [];
    private readonly List<string> _words = [];

    /// <summary>Its diagnostics, in the words of the item.</summary>
    public IReadOnlyList<(string Code, string Severity, string Text)> Said => _said;

    /// <summary>Whether it named a reason to fail.</summary>
    public bool HasErrors => _said.Exists(line => line.Severity == "error");

    /// <summary>The last reason that it named; null for none.</summary>
    public string? LastError => _said.FindLast(line => line.Severity == "error").Text;

    /// <summary>Its last lines, for a run that ends without a reason.</summary>
    public string LastWords => string.Join(" ", _words.Skip(Math.Max(0, _words.Count - FewWords)));

    /// <summary>Keeps a line if it is a diagnostic.</summary>
    /// <returns>False for talk.</returns>
    public bool IsDiagnostic(string line)
    {
        var match = DiagnosticLine.Match(line);
        if (match.Success)
        {
            _said.Add((match.Groups["code"].Value, match.Groups["severity"].Value, ItemWords.Of(match.Groups["text"].Value)));
        }

        return match.Success;
    }

    /// <summary>Remembers what may be the last words.</summary>
    public void Remember(string line)
    {
        if (line.Trim().Length > 0)
        {
            _words.Add(line.Trim());
        }
    }
}
