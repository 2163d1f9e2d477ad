using System.CommandLine;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Models;
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
            "onnx-compress inspect model.onnx",
            "onnx-compress inspect encoder.onnx --shape tokens=1,48 --json");
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
        var model = OnnxModel.Load(parsed.GetValue(_model)!, _run.Loading(parsed));
        var sample = RandomSampleSource.For(model, count: 1, seed: 0, shapes);
        var analysis = new Compressor(new CpuBackend(threads), new OrtRuntime()).Analyze(model, sample, new CompressionOptions(), context.Cancellation);
        var report = InspectionReports.Create(model, analysis, ToolVersion.Text);
        if (talk.Json)
        {
            talk.ResultJson(ReportJson.Write(report));
            return ExitCodes.Done;
        }

        Print(report, [.. analysis.Groups.Select(group => group.Describe())], talk);
        return ExitCodes.Done;
    }

    private static void Print(InspectionReport report, IReadOnlyList<string> groups, Talk talk)
    {
        talk.Result($"{report.Model.Source}: opset {report.Opset}, {Figures.Bytes(report.Original.Bytes)}, "
            + $"{Figures.Count(report.Original.Parameters)} parameters, {Figures.Count(report.Original.Macs)} MACs for one sample");
        talk.Result($"inputs:  {string.Join("; ", report.Inputs)}");
        talk.Result($"outputs: {string.Join("; ", report.Outputs)}");
        talk.Result($"operators: {string.Join(", ", report.Operators.Select(entry => $"{entry.Count} {entry.Operator}"))}");
        talk.Result("");
        talk.Result(groups.Count == 0 ? "No channels can be removed." : $"{groups.Count} channel groups can be thinned out:");
        for (var group = 0; group < groups.Count; group++)
        {
            talk.Result($"{group + 1,3}. {groups[group]}");
        }

        talk.Result("");
        talk.Result(ResultTables.Refused(report.Refused));
        talk.Result(ResultTables.RefusedByReason(report.Refused));
    }
}
