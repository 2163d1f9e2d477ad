using System.Globalization;
using System.Text.RegularExpressions;

namespace OnnxCompress.MSBuild;

/// <summary>What came of a model, in one line.</summary>
internal static class ResultLine
{
    /// <summary>The line.</summary>
    /// <param name="name">The model as the project names it.</param>
    /// <param name="before">The files of the original.</param>
    /// <param name="after">The files of the result; some may be absent.</param>
    /// <param name="report">The tool's report.</param>
    /// <param name="end">How long it took, or where it comes from.</param>
    public static string Of(string name, IEnumerable<string> before, IEnumerable<string> after, string report, string end)
    {
        var (was, now) = (before.Sum(Length), after.Sum(Length));
        var agreement = File.Exists(report) ? Regex.Match(File.ReadAllText(report), "\"agreement\"\\s*:\\s*([0-9.eE+-]+)", RegexOptions.CultureInvariant) : Match.Empty;
        var kept = agreement.Success && double.TryParse(agreement.Groups[1].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var share)
            ? string.Format(CultureInfo.InvariantCulture, ", {0:F2}% same decisions", 100 * share) : "";
        return string.Format(
            CultureInfo.InvariantCulture, "{0}: {1:F2} -> {2:F2} MB, {3:+0;-0;0}%{4}, {5}", name, was / 1e6, now / 1e6, 100.0 * (now - was) / was, kept, end);
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
