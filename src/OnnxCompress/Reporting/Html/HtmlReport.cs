using System.Globalization;
using System.Text;

namespace OnnxCompress.Reporting.Html;

/// <summary>
/// A report as one self-contained page: no script, no network, nothing beside it. It reads in light and dark, prints, and says
/// in words or labels whatever it draws.
/// </summary>
internal static class HtmlReport
{
    /// <summary>The text of <c>report.html</c>, lines ended by LF.</summary>
    public static string Write(CompressionReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var sections = Sections(report).Where(section => section.Body.Length > 0).ToArray();
        var (explored, subject) = (ReportSentences.IsExploration(report), ReportSentences.Subject(report));
        var title = $"{report.Model.Source}, {subject}";
        var page = new StringBuilder();
        page.Append(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <link rel="icon" href="data:,">
            <title>{HtmlText.Escape(title)}</title>
            <style>
            {HtmlStyle.Text}
            </style>
            </head>
            <body>
            <header>
            <p class="tool">OnnxCompress {HtmlText.Escape(report.Tool)}</p>
            <h1>{HtmlText.Escape(report.Model.Source)}<span class="quiet">, {subject}</span></h1>
            <p class="lead">{HtmlText.Escape(explored ? ReportSentences.Explored(report) : ReportSentences.Saved(report))}</p>
            <p class="{(report.Verification is null && !explored ? "lead warning" : "lead")}">{HtmlText.Escape(explored ? ReportSentences.Scored(report) : ReportSentences.Proven(report))}</p>
            <nav aria-label="Parts of this report">{string.Join("", sections.Select(section => $"<a href=\"#{section.Id}\">{section.Heading}</a>"))}</nav>
            </header>
            <main>

            """.ReplaceLineEndings("\n"));
        foreach (var (id, heading, body) in sections)
        {
            page.Append(CultureInfo.InvariantCulture, $"<section id=\"{id}\" aria-labelledby=\"{id}-h\">\n<h2 id=\"{id}-h\">{heading}</h2>\n{body}</section>\n");
        }

        page.Append("</main>\n<footer>\n").Append(Identity(report)).Append("</footer>\n</body>\n</html>\n");
        return page.ToString();
    }

    private static IEnumerable<(string Id, string Heading, string Body)> Sections(CompressionReport report)
    {
        if (ReportSentences.IsExploration(report))
        {
            yield return ("warnings", "Warnings", WarningSection.Write(report));
            yield return ("frontier", "Frontier", FrontierSection.Write(report));
            yield return ("vocabulary", "Vocabulary", Vocabulary(report));
            yield return ("again", "Do it again", AgainSection.Write(report));
            yield break;
        }

        yield return ("warnings", "Warnings", WarningSection.Write(report));
        yield return ("cost", "Cost", CostSection.Write(report));
        yield return ("agreement", "Agreement", AgreementSection.Write(report));
        yield return ("vocabulary", "Vocabulary", Vocabulary(report));
        yield return ("layers", "Layers", LayerSection.Write(report));
        yield return ("considered", "Numbers compared", report.Considered.Count == 0 ? "" : HtmlText.Table(
            ResultTables.Considered(report.Considered, report.Original.Bytes), $"{Figures.Count(report.Considered.Count)} results, compared on validation samples"));
        yield return ("precision", "Numbers", PrecisionSection.Write(report.Precision));
        yield return ("frontier", "Frontier", FrontierSection.Write(report));
        yield return ("changed", "Decisions that changed", ChangedSection.Write(report));
        yield return ("refused", "Left alone, by reason", RefusedSection.Write(report.Refused));
        yield return ("time", "Time", TimeSection.Write(report.Timing));
        yield return ("again", "Do it again", AgainSection.Write(report));
    }

    private static string Vocabulary(CompressionReport report) => report.Vocabulary.Count == 0 ? "" : HtmlText.Table(
        ResultTables.Vocabulary(report.Vocabulary), "Rows of tables that are looked up with ids");

    private static string Identity(CompressionReport report) =>
        $"<p>Model <code>{HtmlText.Escape(report.Model.Sha256)}</code></p>\n"
        + (report.Compressed.Sha256 is { } sha256 ? $"<p>Result <code>{HtmlText.Escape(sha256)}</code></p>\n" : "");
}
