using System.CommandLine;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Options;

/// <summary>Files that the report is written to.</summary>
internal sealed class ReportOption
{
    private readonly Option<string[]> _reports = OptionFactory.Repeatable("--report", "PATH", "Writes the report: .html to look at, .md to paste, .json for scripts.");

    /// <summary>Declares the option.</summary>
    public void AddTo(Command command) => command.Options.Add(_reports);

    /// <summary>Reads the option.</summary>
    /// <exception cref="OnnxCompressException">OCX8005.</exception>
    public IReadOnlyList<string> Read(ParseResult parsed)
    {
        var reports = parsed.GetValue(_reports) ?? [];
        foreach (var report in reports)
        {
            if (!ReportText.IsKnown(report))
            {
                throw new OnnxCompressException(DiagnosticCodes.ReportFormatUnknown, $"'{report}' names no report format; use --report PATH with .html, .md or .json.");
            }
        }

        return reports;
    }
}
