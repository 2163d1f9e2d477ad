using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using OnnxCompress.Allocation;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Options;
using OnnxCompress.Forms;
using OnnxCompress.Cli.Output;
using OnnxCompress.Reporting;
using OnnxCompress.Search;

namespace OnnxCompress.Cli.Verbs;

/// <summary><c>explore MODEL -d DATA -o report.html</c>: what size costs in decisions, from one calibration.</summary>
internal sealed class ExploreVerb
{
    private static readonly double[] Shares = [0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3];

    private readonly Argument<string> _model = ModelArgument.Create("MODEL", "The .onnx file.");
    private readonly Option<string> _out = new("-o", "--out") { HelpName = "REPORT", Description = "The report: .html, .md or .json.", Required = true };
    private readonly DataOptions _data = new();
    private readonly SampleOptions _samples = new("Share of the data that the models are scored on.");
    private readonly Option<string?> _objective = OptionFactory.Text("--objective", "macs|params|bytes", "What the models are budgeted by. Default: macs.", "macs", "params", "bytes");
    private readonly Option<string?> _time = OptionFactory.Text(
        "--time-limit", "T", "How long it may take to make the models: 90s, 5m or 1h. Those that were made by then are shown, and it is said that there are more. Default: as long as it takes.");

    private readonly DecisionOptions _decision = new();
    private readonly MethodOptions _method = new();
    private readonly VocabularyOptions _vocabulary = new();
    private readonly RunOptions _run = new();
    private readonly Option<bool> _overwrite = OptionFactory.Overwrite("REPORT");
    private readonly TalkOptions _talk = new();

    /// <summary>Declares the verb.</summary>
    public static Command Create(CliContext context)
    {
        var verb = new ExploreVerb();
        var command = new VerbCommand(
            "explore",
            "Shows in one run what smaller models would cost in decisions, with the command line that makes each.",
            "dotnet onnx-compress explore model.onnx -d calibration.npy --scale 0.00392157 -o report.html");
        command.Arguments.Add(verb._model);
        command.Options.Add(verb._out);
        verb._data.AddTo(command);
        verb._samples.AddTo(command);
        command.Options.Add(verb._objective);
        command.Options.Add(verb._time);
        verb._decision.AddTo(command);
        verb._method.AddTo(command);
        verb._vocabulary.AddTo(command);
        verb._run.AddAllTo(command);
        command.Options.Add(verb._overwrite);
        verb._talk.AddTo(command);
        command.SetAction(parsed => verb.Run(parsed, context));
        return command;
    }

    private int Run(ParseResult parsed, CliContext context)
    {
        var started = Stopwatch.GetTimestamp();
        var (path, output) = (parsed.GetValue(_model)!, parsed.GetValue(_out)!);
        var talk = _talk.Read(parsed, context);
        var data = _data.Read(parsed);
        var device = _run.Device(parsed);
        if (data.Files.Count == 0)
        {
            throw Usage.Missing("Data are missing: -d PATH with samples to calibrate and to score models on.");
        }

        if (_method.RemovesNothing(parsed))
        {
            throw Usage.Conflict("explore shows what removing costs, and --methods none removes nothing; use compress.");
        }

        if (!ReportText.IsKnown(output))
        {
            throw new Diagnostics.OnnxCompressException(Diagnostics.DiagnosticCodes.ReportFormatUnknown, $"'{output}' names no report format; use .html, .md or .json.");
        }

        var limit = parsed.GetValue(_time) is { } text ? OptionText.Duration("--time-limit", text) : (TimeSpan?)null;
        var outputs = Outputs.Check(parsed.GetValue(_overwrite), new RunInputs(path) { Named = [_vocabulary.File(parsed)], Data = data.Files }, ("-o", output));
        var (seed, threads) = (_run.Seed(parsed), _run.Threads(parsed));
        var options = _method.Apply(parsed, new CompressionOptions { Seed = seed, Threads = threads, TimedBatch = _run.Batch(parsed), Augmentations = _samples.Augmentations(parsed), Vocabulary = _vocabulary.Read(parsed, hasPlan: false) });
        // Numbers of all forms are shown unless one is named.
        options = options with { Precision = options.Precision ?? NumberForm.Auto };
        var decision = _decision.Read(parsed);
        var samples = _samples.Samples(parsed);
        var objective = OptionText.Word("--objective", parsed.GetValue(_objective) ?? "macs", ("macs", "macs"), ("params", "params"), ("bytes", "bytes"));
        using var backend = DeviceBackend.Open(device, threads, talk);
        var model = LoadedModel.Open(path, _run.Loading(parsed), talk);
        outputs.CheckSideFiles(model, result: null);
        var (rules, chosen) = decision.For(model);
        options = options with { Decisions = rules, Mask = decision.Mask };
        using var source = data.Open(model, backend.Runtime, context.Cancellation);
        var split = SampleSplit.Create(source, _samples.Holdout(parsed), seed, samples, context.Cancellation);
        var parts = new CompressionData(
            new SubsetSampleSource(source, split.Statistics), new SubsetSampleSource(source, split.Validation), new SubsetSampleSource(source, split.Guard));
        Budget[] budgets = [.. Shares.Select(share => BudgetOf(objective, share))];
        var read = Stopwatch.GetElapsedTime(started);
        options = options with { TimeLimit = limit is { } time ? (read < time ? time - read : TimeSpan.Zero) : null };
        var compressor = new Compressor(backend.Backend, backend.Runtime);
        var explored = talk.WithProgress(progress => compressor.ExploreForms(model, parts, budgets, options, progress, context.Cancellation));
        var (points, leftOut) = explored;
        if (chosen is not null)
        {
            talk.Line(chosen);
        }

        foreach (var form in leftOut)
        {
            talk.Line($"{form.Form.ToString().ToLowerInvariant()} is left out: {form.Refused}");
        }

        var analysis = compressor.Analyze(model, parts.Statistics, options, context.Cancellation);
        var cost = new ReportedCost(analysis.Parameters, analysis.Macs, model.FileBytes, Baseline(points));
        var scored = parts.Guard is { Count: > 0 } heldOut ? heldOut.Count : parts.Validation!.Count;
        var report = new CompressionReport
        {
            Tool = ToolVersion.Text,
            Seed = seed,
            Command = CommandText.Of(parsed),
            Preprocessing = data.Describe(),
            Model = new(Path.GetFileName(path), model.SourceSha256),
            Original = cost,
            Compressed = cost,
            Sites = [],
            Refused = [],
            Timing = new(read.TotalSeconds, 0, 0, 0, 0, 0, 0, Stopwatch.GetElapsedTime(started).TotalSeconds, Process.GetCurrentProcess().PeakWorkingSet64)
            {
                LimitSeconds = limit?.TotalSeconds,
                LimitReached = explored.Diagnostics.Count > 0,
            },
            Vocabulary = [.. explored.Vocabulary.Select(ResultReport.Reported)],
            Considered = [.. leftOut.Select(ResultReport.Reported)],
            FrontierSamples = scored,
            Frontier = FrontierNoise.Mark([.. points.Select(point => Point(point, Baseline(points), parsed, objective))], Baseline(points), scored),
        };
        Outputs.Write([(output, ReportText.For(output, report))]);
        if (talk.Json)
        {
            talk.ResultJson(ReportJson.Write(report));
        }
        else
        {
            talk.Result(ResultTables.Vocabulary(report.Vocabulary));
            talk.Result(ResultTables.Frontier(report.Frontier, report.Original));
            if (ReportSentences.Noise(report) is { } noise)
            {
                talk.Result(noise);
            }

            talk.Line($"wrote {output}");
        }

        foreach (var diagnostic in explored.Diagnostics)
        {
            talk.Say(diagnostic);
        }

        return ExitCodes.Done;
    }

    // Each model is timed beside the original, minutes apart from the others: ratios compare, milliseconds do not.
    private static double? Baseline(IReadOnlyList<ExploredModel> points) =>
        points.Count == 0 ? null : points.Select(point => point.Latency.OriginalMs).Order().ElementAt(points.Count / 2);

    private static Budget BudgetOf(string objective, double share) => objective switch
    {
        "params" => new Budget(KeepParameters: share),
        "bytes" => new Budget(KeepBytes: share),
        _ => new Budget(KeepMacs: share),
    };

    private static ReportedFrontierPoint Point(ExploredModel point, double? baseline, ParseResult parsed, string objective)
    {
        var form = point.Form.ToString().ToLowerInvariant();
        var settings = Settings(point, objective).Append(("--precision", form)).ToArray();
        // What says how something is removed does not go with removing nothing, nor the time for all models with one.
        string[] dropped = point.RemovesNothing ? ["--split", "--time-limit"] : ["--time-limit"];
        return new ReportedFrontierPoint(
            point.Cost.Parameters, point.Cost.Macs, point.Cost.Bytes, baseline * point.Latency.CompressedMs / point.Latency.OriginalMs, point.Agreement, double.IsFinite(point.RelativeError) ? point.RelativeError : null,
            Command: CommandText.Compressing(parsed, settings, dropped),
            Item: ItemText.Of(parsed, settings, dropped))
        {
            Form = form,
            RemovesNothing = point.RemovesNothing,
        };
    }

    private static IEnumerable<(string Option, string Value)> Settings(ExploredModel point, string objective)
    {
        static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
        if (!point.RemovesNothing)
        {
            return [($"--keep-{objective}", Text(point.Budget.KeepMacs ?? point.Budget.KeepParameters ?? point.Budget.KeepBytes ?? 1))];
        }

        // Without a budget the guard asks for .99 and for little error: whoever takes this model has seen what it keeps.
        const double Margin = 0.03;
        return point.Agreement is { } share
            ? [("--methods", "none"), ("--min-agreement", Text(Math.Max(0.01, Math.Floor(100 * (share - Margin)) / 100)))]
            : [("--methods", "none"), ("--max-error", Text(Math.Round(Math.Max(0.001, 2 * point.RelativeError), 3)))];
    }
}
