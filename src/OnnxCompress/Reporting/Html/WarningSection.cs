namespace OnnxCompress.Reporting.Html;

/// <summary>What the run warned of: it stands first, for a reader who reads no further.</summary>
internal static class WarningSection
{
    /// <summary>The section's markup; empty when there is nothing to warn of.</summary>
    public static string Write(CompressionReport report) =>
        string.Concat(ReportSentences.Warnings(report).Select(warning => 
            $"<p class=\"warning\"><a href=\"{HtmlText.Escape(warning.Help)}\">{HtmlText.Escape(warning.Code)}</a>: {HtmlText.Escape(warning.Message)}</p>\n"));
}
