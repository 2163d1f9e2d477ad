using System.Text.RegularExpressions;

namespace OnnxCompress.MSBuild;

/// <summary>The tool's lines of progress, for somebody who watches a build.</summary>
internal static class StageWords
{
    private static readonly Regex Line = new("^(?<stage>[a-z ]+): (?<far>.*[0-9].*)$", RegexOptions.CultureInvariant);

    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["analyze"] = "looking at what belongs together",
        ["calibrate"] = "running the samples",
        ["select"] = "ordering channels and directions",
        ["time nodes"] = "timing layers",
        ["allocate"] = "sharing out what may stay",
        ["folds"] = "proving on all samples",
        ["search"] = "comparing plans",
        ["quantise"] = "storing weights in fewer bits",
        ["reconstruct"] = "solving weights",
        ["compare"] = "comparing with the original",
        ["verify"] = "proving the result",
        ["working"] = "working",
    };

    /// <summary>A line in words.</summary>
    /// <param name="line">What the tool says.</param>
    /// <returns>Null when it is no progress; whether a stage is under way, and not over.</returns>
    public static (string Text, bool IsUnderWay)? Of(string line)
    {
        var match = Line.Match(line);
        return match.Success && Words.TryGetValue(match.Groups["stage"].Value, out var words)
            ? ($"{words}: {match.Groups["far"].Value}", line.Contains(" left") || line.Contains(" so far"))
            : null;
    }
}
