using OnnxCompress.Reporting.Html;

namespace OnnxCompress.Reporting;

/// <summary>A report in the format that a file's extension names.</summary>
public static class ReportText
{
    /// <summary>Whether the extension names a format: <c>.json</c>, <c>.html</c> or <c>.md</c>.</summary>
    public static bool IsKnown(string path) => Extension(path) is ".json" or ".html" or ".md";

    /// <summary>The report's text.</summary>
    /// <param name="path">Where it will be written; nothing is.</param>
    /// <param name="report">What happened.</param>
    /// <exception cref="ArgumentException">The extension names no format.</exception>
    public static string For(string path, CompressionReport report) => Extension(path) switch
    {
        ".json" => ReportJson.Write(report),
        ".html" => HtmlReport.Write(report),
        ".md" => MarkdownReport.Write(report),
        var other => throw new ArgumentException($"'{other}' names no report format.", nameof(path)),
    };

    private static string Extension(string path) => Path.GetExtension(path).ToLowerInvariant();
}
