using System.CommandLine;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Options;

/// <summary>Files that the report is written to.</summary>
internal sealed class ReportOption
{
    private readonly Option<string[]> _reports = OptionFactory.Repeatable("--report", "PATH", "Writes the report: .html to look at, .md to paste, .json for scripts.");

    /// <summary>Declares the option.</summary>
    public void AddTo(Command command) => command.Options.Add(_reports);

    /// <summary>Reads the option and checks that each place can be written.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="taken">Files that a report must not replace.</param>
    /// <exception cref="OnnxCompressException">OCX8001, OCX8004, OCX8005 or OCX9014.</exception>
    public IReadOnlyList<string> Read(ParseResult parsed, params IReadOnlyList<string> taken)
    {
        var reports = parsed.GetValue(_reports) ?? [];
        foreach (var report in reports)
        {
            OutputFile.CheckPlace(report);
            if (!ReportText.IsKnown(report))
            {
                throw new OnnxCompressException(DiagnosticCodes.ReportFormatUnknown, $"'{report}' names no report format; use --report PATH with .html, .md or .json.");
            }

            if (taken.FirstOrDefault(other => OutputFile.IsSameFile(report, other)) is { } clash)
            {
                throw Usage.Conflict($"--report {report} would replace '{clash}'.");
            }
        }

        return reports;
    }
}
