using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>What was left alone, by reason; the parts of each reason can be unfolded.</summary>
internal static class RefusedSection
{
    // Longer lists begin folded.
    private const int MostOpen = 6;

    /// <summary>The section's markup.</summary>
    public static string Write(IReadOnlyList<ReportedRefusal> refused)
    {
        var html = new StringBuilder();
        foreach (var group in refused
            .GroupBy(refusal => refusal.Code, StringComparer.Ordinal)
            .OrderByDescending(group => group.Sum(refusal => refusal.Parameters))
            .ThenBy(group => group.Key, StringComparer.Ordinal))
        {
            var parts = group.ToArray();
            var count = parts.Length == 1 ? "1 part" : $"{Figures.Count(parts.Length)} parts";
            html.Append(
                $"<details{(parts.Length <= MostOpen ? " open" : "")}>\n<summary><code>{HtmlText.Escape(group.Key)}</code> {count}, "
                + $"{Figures.Count(parts.Sum(part => part.Parameters))} parameters{(parts.Length > MostOpen ? $". <span class=\"quiet\">The first: {HtmlText.Escape(parts[0].Reason)}</span>" : "")}</summary>\n<ul>\n");
            foreach (var part in parts)
            {
                html.Append($"<li>{HtmlText.Escape(part.Reason)} <span class=\"quiet\">{HtmlText.Escape(part.Node)}, {Figures.Count(part.Parameters)} parameters</span></li>\n");
            }

            html.Append("</ul>\n</details>\n");
        }

        return html.ToString();
    }
}
