using System.Globalization;
using System.Text;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Reporting;

/// <summary>A report as Markdown: for a pull request or a wiki.</summary>
internal static class MarkdownReport
{
    /// <summary>The text of <c>report.md</c>, lines ended by LF.</summary>
    public static string Write(CompressionReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder($"# {Escape(report.Model.Source)}, {ReportSentences.Subject(report)}\n\n");
        if (ReportSentences.IsExploration(report))
        {
            text.Append($"{ReportSentences.Explored(report)}\n{ReportSentences.Scored(report)}\n");
        }
        else
        {
            text.Append($"{ReportSentences.Saved(report)}\n{ReportSentences.Proven(report)}\n");
            Table(text, "Cost", ResultTables.Costs(report.Original, report.Compressed, report.Latency));
        }

        Warnings(text, report);
        if (report.Verification is { } verification)
        {
            Table(text, $"Agreement on {ReportSentences.Counted(verification, ReportSentences.Samples(verification))}", ResultTables.Verification(verification, ""));
        }

        if (report.Judged is { } judged)
        {
            Table(text, "By the judge", ResultTables.Judged(judged));
        }

        if (report.RandomInputs is { } random)
        {
            Table(text, $"Drift on {Figures.Count(random.Samples)} random inputs", ResultTables.Verification(random, ""));
        }

        Table(text, "Vocabulary", ResultTables.Vocabulary(report.Vocabulary));
        Table(text, "Layers", ResultTables.Sites(report.Sites));
        if (report.Considered.Count > 0)
        {
            Table(text, "Numbers compared", ResultTables.Considered(report.Considered, report.Original.Bytes));
        }

        if (report.Precision is { } precision)
        {
            Table(text, "Numbers", ResultTables.Precision(precision));
        }

        Table(text, "Left alone, by reason", ResultTables.RefusedByReason(report.Refused));
        Table(text, "Frontier", ResultTables.Frontier(report.Frontier, report.Original));
        if (ReportSentences.Noise(report) is { } noise)
        {
            text.Append($"\n{Escape(noise)}\n");
        }

        Table(text, "Decisions that changed", ResultTables.Changed(report.Changed));
        if (report.Command is not null)
        {
            text.Append($"\n## Again\n\n```\n{PlainText.Escape(report.Command.ReplaceLineEndings(" "))}\n```\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"\nModel `{report.Model.Sha256}`, seed {report.Seed}, OnnxCompress {Escape(report.Tool)}.\n");
        return text.ToString();
    }

    private static void Warnings(StringBuilder text, CompressionReport report)
    {
        var warnings = ReportSentences.Warnings(report).ToArray();
        if (warnings.Length > 0)
        {
            text.Append("\n## Warnings\n\n").Append(string.Concat(warnings.Select(warning => $"- [{Escape(warning.Code)}]({warning.Help}): {Escape(warning.Message)}\n")));
        }
    }

    private static void Table(StringBuilder text, string heading, ResultTable table)
    {
        if (table.Rows.Count == 0)
        {
            return;
        }

        text.Append($"\n## {heading}\n\n");
        Row(text, table.Columns.Select(column => column.Heading));
        Row(text, table.Columns.Select(column => column.IsNumber ? "---:" : "---"), escape: false);
        foreach (var row in table.Rows)
        {
            Row(text, row);
        }
    }

    private static void Row(StringBuilder text, IEnumerable<string> cells, bool escape = true) =>
        text.Append($"| {string.Join(" | ", cells.Select(cell => escape ? Escape(cell) : cell))} |\n");

    private static string Escape(string cell)
    {
        var escaped = new StringBuilder();
        foreach (var c in PlainText.Escape(cell.ReplaceLineEndings(" ")))
        {
            escaped.Append("\\`*_[]<>|#".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : c.ToString());
        }

        return escaped.ToString();
    }
}
