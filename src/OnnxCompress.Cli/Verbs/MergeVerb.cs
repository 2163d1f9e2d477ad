using System.CommandLine;
using OnnxCompress.Calibration;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;

namespace OnnxCompress.Cli.Verbs;

/// <summary><c>merge STATS... -o STATS</c>: adds up the statistics of parts of the data.</summary>
internal sealed class MergeVerb
{
    private readonly Argument<string[]> _parts = new("STATS") { Description = "Statistics files of one model.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string> _out = new("-o", "--out") { HelpName = "STATS", Description = "The file for their sum.", Required = true };
    private readonly Option<bool> _overwrite = OptionFactory.Overwrite("STATS");
    private readonly TalkOptions _talk = new();

    /// <summary>Declares the verb.</summary>
    public static Command Create(CliContext context)
    {
        var verb = new MergeVerb();
        var command = new VerbCommand(
            "merge",
            "Adds up statistics that were taken from parts of the data, on one machine or several.",
            "dotnet onnx-compress merge monday.stats tuesday.stats -o week.stats",
            "dotnet onnx-compress merge shard0.stats shard1.stats shard2.stats shard3.stats -o all.stats --overwrite");
        command.Arguments.Add(verb._parts);
        command.Options.Add(verb._out);
        command.Options.Add(verb._overwrite);
        verb._talk.AddTo(command);
        command.SetAction(parsed => verb.Run(parsed, context));
        return command;
    }

    private int Run(ParseResult parsed, CliContext context)
    {
        var (parts, output) = (parsed.GetValue(_parts)!, parsed.GetValue(_out)!);
        var talk = _talk.Read(parsed, context);
        _ = Outputs.Check(parsed.GetValue(_overwrite), new RunInputs(Model: null) { Named = parts }, ("-o", output));
        // Sums of floating point depend on their order, and files are no order: they are added by what they hold.
        var ordered = parts.OrderBy(StatisticsFile.ChecksumOf, StringComparer.Ordinal).ToArray();
        var total = CalibrationStatistics.Load(ordered[0]);
        foreach (var part in ordered.Skip(1))
        {
            context.Cancellation.ThrowIfCancellationRequested();
            var next = CalibrationStatistics.Load(part);
            if (next.ModelSha256 != total.ModelSha256)
            {
                throw new OnnxCompressException(
                    DiagnosticCodes.StatisticsMismatch, $"'{part}' belongs to another model than '{ordered[0]}'; only statistics of one model add up.");
            }

            if (total.CountShared(next) is var shared and > 0)
            {
                talk.Warn(DiagnosticCodes.SamplesRepeated, $"{shared} samples of '{part}' are in other files too and count twice.");
            }

            total.Add(next);
        }

        Outputs.Writing(output, () => total.Save(output));
        StatisticsPrinter.Print(total, output, null, talk);
        return ExitCodes.Done;
    }
}
