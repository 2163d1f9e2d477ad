using System.Text.Encodings.Web;
using System.Text.Json;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Reporting;

/// <summary>Reports as JSON: keys in the order of the contract, numbers as every culture reads them, lines ended by LF.</summary>
internal static class ReportJson
{
    private static readonly ReportJsonContext Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        NewLine = "\n",

        // Reports are read by people: node names with quotes or accents stay as they are. They are never put into HTML unescaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>The text of <c>report.json</c>.</summary>
    public static string Write(CompressionReport report) => PlainText.Escape(JsonSerializer.Serialize(report, Context.CompressionReport)) + "\n";

    /// <summary>The text that <c>verify --json</c> prints.</summary>
    public static string Write(ComparisonReport report) => PlainText.Escape(JsonSerializer.Serialize(report, Context.ComparisonReport)) + "\n";

    /// <summary>The text that <c>inspect --json</c> prints.</summary>
    public static string Write(InspectionReport report) => PlainText.Escape(JsonSerializer.Serialize(report, Context.InspectionReport)) + "\n";

    /// <summary>The text that <c>calibrate --json</c> and <c>merge --json</c> print.</summary>
    public static string Write(StatisticsReport report) => PlainText.Escape(JsonSerializer.Serialize(report, Context.StatisticsReport)) + "\n";

    /// <summary>Reads <c>report.json</c>.</summary>
    /// <exception cref="JsonException">The text is not a report.</exception>
    public static CompressionReport Read(string json) =>
        JsonSerializer.Deserialize(json, Context.CompressionReport) ?? throw new JsonException("The report is empty.");
}
