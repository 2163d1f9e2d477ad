using System.Security.Cryptography;
using System.Text;
using OnnxCompress.Cli.Output;
using OnnxCompress.Models;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Verbs;

/// <summary>What <c>compress</c> leaves behind: files, and what it says of them.</summary>
/// <param name="settings">Where to write.</param>
/// <param name="talk">Where to talk.</param>
internal sealed class CompressOutput(CompressSettings settings, Talk talk)
{
    /// <summary>Writes the result with all that belongs to it, or nothing.</summary>
    public CompressionReport Write(CompressionResult result, CompressionReport report)
    {
        var plan = result.Plan.ToText();
        (string Path, string Text)[] beside = settings.PlanFile is { } path ? [(path, plan)] : [];
        if (settings.WritesPlan)
        {
            report = WithHash(report, SHA256.HashData(Encoding.UTF8.GetBytes(plan)));
            Outputs.Write([.. Reports(report), .. beside, (settings.Output, plan)]);
            return report;
        }

        StagedModel? staged = null;
        Outputs.Writing(settings.Output, () => staged = result.Model.Stage(settings.Output));
        using (staged)
        {
            using (var stream = File.OpenRead(staged!.Path))
            {
                report = WithHash(report, SHA256.HashData(stream));
            }

            // The model comes last: whoever sees it finds what belongs to it.
            Outputs.Write([.. Reports(report), .. beside], staged);
        }

        return report;
    }

    private static CompressionReport WithHash(CompressionReport report, byte[] hash) =>
        report with { Compressed = report.Compressed with { Sha256 = Convert.ToHexStringLower(hash) } };

    private IEnumerable<(string Path, string Text)> Reports(CompressionReport report) => settings.Reports.Select(path => (path, ReportText.For(path, report)));

    /// <summary>Says what came of it, as tables or as the report itself.</summary>
    public void Print(CompressionReport report)
    {
        if (talk.Json)
        {
            talk.ResultJson(ReportJson.Write(report));
            return;
        }

        talk.Result(ResultTables.Costs(report.Original, report.Compressed, report.Latency));
        if (report.RandomInputs is not null)
        {
            talk.Result(ResultTables.Verification(report.RandomInputs, "random inputs"));
            talk.Result(ReportSentences.NotVerified);
            talk.Result("");
        }

        if (report.Verification is not null)
        {
            talk.Result(ResultTables.Verification(report.Verification, ReportSentences.Samples(report.Verification)));
            if (ReportSentences.Folds(report.Verification) is { } folds)
            {
                talk.Result($"folds: {folds}");
                talk.Result("");
            }
        }

        if (report.Judged is not null)
        {
            talk.Result(ResultTables.Judged(report.Judged));
        }

        talk.Result(ResultTables.Vocabulary(report.Vocabulary));
        talk.Result(ResultTables.Sites(report.Sites));
        if (report.Considered.Count > 0)
        {
            talk.Result(ResultTables.Considered(report.Considered, report.Original.Bytes));
        }

        if (report.Precision is { } precision)
        {
            talk.Result(ResultTables.Precision(precision));
            if (ReportSentences.Processors(precision) is { } processors)
            {
                talk.Result(processors);
                talk.Result("");
            }
        }

        talk.Result(talk.IsVerbose ? ResultTables.Refused(report.Refused) : ResultTables.RefusedByReason(report.Refused));
    }
}
