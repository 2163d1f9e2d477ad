using System.CommandLine;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reporting;

namespace OnnxCompress.Cli.Verbs;

/// <summary><c>inspect MODEL</c>: what is in a model, what could be compressed, what not and why. Needs no data.</summary>
internal sealed class InspectVerb
{
    private readonly Argument<string> _model = ModelArgument.Create("MODEL", "The .onnx file.");
    private readonly ShapeOptions _shapes = new();
    private readonly RunOptions _run = new();
    private readonly TalkOptions _talk = new();

    /// <summary>Declares the verb.</summary>
    public static Command Create(CliContext context)
    {
        var verb = new InspectVerb();
        var command = new VerbCommand(
            "inspect",
            "Says what is in a model, what could be compressed, what not and why. Needs no data.",
            "dotnet onnx-compress inspect model.onnx",
            "dotnet onnx-compress inspect encoder.onnx --shape tokens=1,48 --json");
        command.Arguments.Add(verb._model);
        verb._shapes.AddTo(command);
        verb._run.AddTo(command);
        verb._talk.AddTo(command);
        command.SetAction(parsed => verb.Run(parsed, context));
        return command;
    }

    private int Run(ParseResult parsed, CliContext context)
    {
        var talk = _talk.Read(parsed, context);
        var shapes = _shapes.Read(parsed);
        var threads = _run.Threads(parsed);
        var model = LoadedModel.Open(parsed.GetValue(_model)!, _run.Loading(parsed), talk);
        var runtime = new OrtRuntime();
        var assumed = AssumedShapes.Choose(model, runtime, shapes, context.Cancellation);
        var sample = RandomSampleSource.For(model, count: 1, seed: 0, assumed.Shapes);
        var analysis = new Compressor(new CpuBackend(threads), runtime).Analyze(model, sample, new CompressionOptions(), context.Cancellation);
        var report = InspectionReports.Create(model, analysis, assumed.Assumed, ToolVersion.Text);
        if (talk.Json)
        {
            talk.ResultJson(ReportJson.Write(report));
            return ExitCodes.Done;
        }

        Print(report, [.. analysis.Groups.Concat(analysis.Scores).Concat(analysis.Branches).Select(group => group.Describe())], assumed.Remark, talk);
        return ExitCodes.Done;
    }

    private static void Print(InspectionReport report, IReadOnlyList<string> groups, string? assumed, Talk talk)
    {
        void Say(string text, int indent = 0)
        {
            foreach (var line in WrappedText.Lines(PlainText.OneLine(text), WrappedText.Width, indent))
            {
                talk.Result(line);
            }
        }

        Say($"{report.Model.Source}: opset {report.Opset}, {Figures.Bytes(report.Original.Bytes)}, "
            + $"{Figures.Count(report.Original.Parameters)} parameters, {Figures.Count(report.Original.Macs)} MACs for one sample");
        Say($"inputs:  {string.Join("; ", report.Inputs)}", 9);
        if (assumed is not null)
        {
            Say(assumed, 9);
        }

        Say($"outputs: {string.Join("; ", report.Outputs)}", 9);
        Say($"operators: {string.Join(", ", report.Operators.Select(entry => $"{entry.Count} {entry.Operator}"))}", 11);
        talk.Result("");
        talk.Result(ResultTables.Account(report.Account));
        talk.Result(groups.Count == 0 ? "No channels can be removed." : $"{groups.Count} channel groups can be thinned out:");
        for (var group = 0; group < groups.Count; group++)
        {
            Say($"{group + 1,3}. {groups[group]}", 5);
        }

        foreach (var table in report.Tables)
        {
            Say($"ids: {table.Sentence}", 5);
        }

        talk.Result("");
        talk.Result(ResultTables.HeldBack(report.Refused));
        talk.Result(ResultTables.Refused([.. report.Refused.Select(refusal => refusal.Plain)]));
    }
}
