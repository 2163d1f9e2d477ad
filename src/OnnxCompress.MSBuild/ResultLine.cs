using System.Globalization;
using System.Text.RegularExpressions;

namespace OnnxCompress.MSBuild;

/// <summary>What came of a model, in a few figures.</summary>
/// <param name="before">The files of the original.</param>
/// <param name="after">The files of the result; some may be absent.</param>
/// <param name="report">The tool's report.</param>
internal sealed class ResultLine(IEnumerable<string> before, IEnumerable<string> after, string report)
{
    /// <summary>Both sizes, what that saves, and how many decisions stayed.</summary>
    public string Sizes
    {
        get
        {
            var (was, now) = (before.Sum(Length), after.Sum(Length));
            return string.Format(CultureInfo.InvariantCulture, "{0:F2} -> {1:F2} MB, {2:+0;-0;0}%{3}", was / 1e6, now / 1e6, 100.0 * (now - was) / Math.Max(1, was), Kept);
        }
    }

    private string Kept
    {
        get
        {
            var agreement = File.Exists(report) ? Regex.Match(File.ReadAllText(report), "\"agreement\"\\s*:\\s*([0-9.eE+-]+)", RegexOptions.CultureInvariant) : Match.Empty;
            return agreement.Success && double.TryParse(agreement.Groups[1].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var share)
                ? string.Format(CultureInfo.InvariantCulture, ", {0:F2}% same decisions", 100 * share) : "";
        }
    }

    private static long Length(string path) => new FileInfo(path) is { Exists: true } file ? file.Length : 0;
}
