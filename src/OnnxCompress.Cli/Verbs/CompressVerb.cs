using System.CommandLine;
using OnnxCompress.Allocation;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Forms;

namespace OnnxCompress.Cli.Verbs;

/// <summary>
/// <c>compress MODEL -o OUT</c>: the whole pipeline; <c>plan MODEL -o plan.json</c>: up to the decision;
/// <c>apply MODEL plan.json -o OUT</c>: from the decision on.
/// </summary>
internal sealed class CompressVerb
{
    private readonly Argument<string> _model = ModelArgument.Create("MODEL", "The .onnx file.");
    private readonly Argument<string> _planFile = ModelArgument.Create("PLAN", "A plan that the verb plan wrote.");
    private readonly Option<string> _out = new("-o", "--out") { HelpName = "OUT", Description = "The file to write.", Required = true };
    private readonly Option<string?> _plan = OptionFactory.Text("--plan", "PATH", "Carries out this plan instead of searching for one.");
    private readonly Option<bool> _locked = OptionFactory.Flag("--locked", "Fails unless the plan gives the result that it gave when it was written.");
    private readonly Option<string?> _savePlan = OptionFactory.Text("--save-plan", "PATH", "Writes what was decided beside the result, as the verb plan does.");
    private readonly ReportOption _reports = new();
    private readonly DataOptions _data = new();
    private readonly ShapeOptions _shapes = new();
    private readonly Option<string?> _statistics = OptionFactory.Text(
        "--statistics", "PATH", "Statistics that calibrate or merge wrote, in place of a pass over the data. Without data nothing is verified.");

    private readonly Option<string?> _inputRange = OptionFactory.Text(
        "--input-range", "LOW,HIGH", "Without data: what the values of inputs lie between, for drift on random inputs. Default: standard normal.");

    private readonly FoldOptions _folds = new();
    private readonly SampleOptions _samples = new("Share of the data that only the guard sees, chosen by content.");

    private readonly Option<string[]> _verifyData = OptionFactory.Repeatable("--verify-data", "PATH", "Separate data for the guard instead.");
    private readonly Option<string?> _labels = OptionFactory.Text("--labels", "FILE", "The right classes of --verify-data: .npy.");
    private readonly DecisionOptions _decision = new();
    private readonly BudgetOptions _budget = new();
    private readonly GuardOptions _guard = new();
    private readonly JudgeOptions _judge = new();
    private readonly MethodOptions _method = new();
    private readonly VocabularyOptions _vocabulary = new();
    private readonly RunOptions _run = new();
    private readonly CacheOptions _cache = new();
    private readonly Option<bool> _force = OptionFactory.Flag("--force", "Writes the result although a guard failed, with a warning.");
    private readonly Option<bool> _originalOtherwise = OptionFactory.Flag(
        "--original-otherwise", "Puts MODEL itself in place of OUT when nothing better is found; the exit code stays 3.");

    private readonly Option<bool> _overwrite = OptionFactory.Overwrite("OUT, reports and plans that exist");
    private readonly TalkOptions _talk = new();

    private readonly PipelinePart _part;

    private CompressVerb(PipelinePart part) => _part = part;

    /// <summary>Declares the verb.</summary>
    public static Command Create(CliContext context, PipelinePart part)
    {
        var verb = new CompressVerb(part);
        Command command = part switch
        {
            PipelinePart.Plan => new VerbCommand(
                "plan",
                "Decides what stays of a model and writes the decision as JSON, to review and to commit.",
                "dotnet onnx-compress plan model.onnx -o plan.json -d calibration.npy --scale 0.00392157 --keep-macs 0.5"),
            PipelinePart.Apply => new VerbCommand(
                "apply",
                "Carries out a plan: the same statistics and plan give the same bytes.",
                "dotnet onnx-compress apply model.onnx plan.json -o small.onnx -d calibration.npy --scale 0.00392157"),
            _ => new VerbCommand(
                "compress",
                "Makes a model smaller and faster, and proves on held-out samples what it kept.",
                "dotnet onnx-compress compress model.onnx -o small.onnx -d calibration.npy --scale 0.00392157",
                "dotnet onnx-compress compress model.onnx -o small.onnx -d calibration.npy --scale 0.00392157 --keep-macs 0.5",
                "dotnet onnx-compress compress model.onnx -o small.onnx -d calibration.npz --keep-bytes 0.6 --min-agreement 0.98 --report report.html --report report.json",
                "dotnet onnx-compress compress model.onnx -o small.onnx --statistics model.stats --verify-data test.npy --keep-params 0.5"),
        };
        command.Arguments.Add(verb._model);
        if (part == PipelinePart.Apply)
        {
            command.Arguments.Add(verb._planFile);
        }
        else
        {
            verb._budget.AddTo(command);
        }

        if (part == PipelinePart.Compress)
        {
            command.Options.Add(verb._plan);
            command.Options.Add(verb._savePlan);
            command.Options.Add(verb._originalOtherwise);
        }

        if (part != PipelinePart.Plan)
        {
            command.Options.Add(verb._locked);
        }

        command.Options.Add(verb._out);
        verb._reports.AddTo(command);
        verb._data.AddTo(command);
        verb._shapes.AddTo(command);
        command.Options.Add(verb._statistics);
        command.Options.Add(verb._inputRange);
        verb._samples.AddTo(command);
        if (part != PipelinePart.Apply)
        {
            verb._folds.AddTo(command);
            verb._vocabulary.AddTo(command);
        }

        command.Options.Add(verb._verifyData);
        command.Options.Add(verb._labels);
        verb._decision.AddTo(command);
        verb._guard.AddTo(command);
        verb._judge.AddTo(command);
        verb._method.AddTo(command);
        verb._run.AddAllTo(command);
        verb._cache.AddTo(command);
        command.Options.Add(verb._force);
        command.Options.Add(verb._overwrite);
        verb._talk.AddTo(command);
        command.SetAction(parsed => Run(verb.Read(parsed) with { TimedFor = context.TimedFor }, verb._talk.Read(parsed, context), context.Cancellation));
        return command;
    }

    private static int Run(CompressSettings settings, Talk talk, CancellationToken cancellation)
    {
        var run = new CompressRun(settings, talk, cancellation);
        return settings.OriginalOtherwise ? OriginalOtherwise.Run(settings, run.Execute) : run.Execute();
    }

    private CompressSettings Read(ParseResult parsed)
    {
        var (model, output) = (parsed.GetValue(_model)!, parsed.GetValue(_out)!);
        var data = _data.Read(parsed);
        var verifyFiles = parsed.GetValue(_verifyData) ?? [];
        var labels = parsed.GetValue(_labels);
        var decision = _decision.Read(parsed);
        var device = _run.Device(parsed);
        var options = _method.Apply(
            parsed, new CompressionOptions { Budget = _part == PipelinePart.Apply ? Budget.None : _budget.Read(parsed), TimeLimit = _part == PipelinePart.Apply ? null : _budget.TimeLimit(parsed, hasPlan: PlanPath(parsed) is not null), Plan = ReadPlan(parsed), Seed = _run.Seed(parsed), Threads = _run.Threads(parsed), TimedBatch = _run.Batch(parsed), Augmentations = _samples.Augmentations(parsed) });
        options = _cache.Apply(parsed, options) with { Vocabulary = _part == PipelinePart.Apply ? null : _vocabulary.Read(parsed, hasPlan: options.Plan is not null) };
        CheckLock(parsed, options);
        var statistics = parsed.GetValue(_statistics);
        var shapes = _shapes.Read(parsed);
        if (data.Files.Count == 0 && statistics is null)
        {
            options = options.Vocabulary is { Ids: null }
                ? throw Usage.Missing("Data are missing: --vocabulary used keeps the rows that samples use. Give -d PATH, or --vocabulary FILE with a list of ids.")
                : WithoutData(parsed, options);
        }

        if (data.Files.Count > 0 && shapes.Count > 0)
        {
            throw Usage.Conflict("--shape stands in for data; with -d the shapes are those of the data.");
        }

        if (!options.IsDataFree && parsed.GetValue(_inputRange) is not null)
        {
            throw Usage.Conflict("--input-range stands in for data; leave it out.");
        }

        if (data.Files.Count == 0 && _method.ReconstructionNeedsData(parsed))
        {
            throw Usage.Conflict("--reconstruct sequential runs the network on samples: give -d PATH beside --statistics, or --reconstruct local.");
        }

        if (labels is not null && verifyFiles.Length == 0)
        {
            throw Usage.Conflict("--labels are those of --verify-data, which is missing.");
        }

        if (labels is null && _guard.NeedsLabels(parsed))
        {
            throw Usage.Conflict("--max-accuracy-drop needs --labels, the right classes of --verify-data.");
        }

        if (_samples.SaysHoldout(parsed) && verifyFiles.Length > 0)
        {
            throw Usage.Conflict("--holdout and --verify-data both say what the guard sees; give one of them.");
        }

        var reports = _reports.Read(parsed);
        var verifyData = verifyFiles.Select(DataFile.Parse).ToArray();
        var planFile = _part == PipelinePart.Compress ? parsed.GetValue(_savePlan) : null;
        var judge = _judge.Read(parsed, model);
        var guard = GuardFor(_guard.Read(parsed, decision), options, hasSamples: data.Files.Count + verifyFiles.Length > 0);
        return new CompressSettings
        {
            Model = model,
            Output = output,
            WritesPlan = _part == PipelinePart.Plan,
            Locked = parsed.GetValue(_locked) && _part != PipelinePart.Plan,
            Reports = reports,
            PlanFile = planFile,
            Outputs = Outputs.Check(
                parsed.GetValue(_overwrite),
                new RunInputs(model)
                {
                    Result = _part == PipelinePart.Plan ? null : output,
                    Named = [PlanPath(parsed), statistics, labels, _part == PipelinePart.Apply ? null : _vocabulary.File(parsed)],
                    Data = [.. data.Files, .. verifyData],
                },
                [("-o", output), .. reports.Select(report => ("--report", report)), .. planFile is null ? [] : new[] { ("--save-plan", planFile) }]),
            Command = CommandText.Of(parsed),
            Statistics = statistics,
            Shapes = shapes,
            InputRange = OptionText.Range("--input-range", parsed.GetValue(_inputRange)),
            Data = data,
            VerifyData = verifyFiles.Length == 0 ? null : data with { Files = verifyData },
            Labels = labels,
            Holdout = verifyFiles.Length > 0 ? 0 : _samples.Holdout(parsed),
            Folds = _part == PipelinePart.Apply ? null : _folds.Read(
                parsed, ("--holdout", _samples.SaysHoldout(parsed)), ("--verify-data", verifyFiles.Length > 0), ("--statistics", statistics is not null),
                ("--plan", options.Plan is not null), ("--judge", judge is not null), ("a run without data", data.Files.Count == 0)),
            Samples = _samples.Samples(parsed),
            Decisions = decision,
            Guard = guard,
            Judge = judge,
            Options = options with { Mask = decision.Mask, Judge = judge, Goal = new(guard.MinimumAgreement, guard.MaximumError) { IsUnseen = guard.IsUnseen, Objective = _part == PipelinePart.Apply ? default : _budget.Objective(parsed, options) } },
            Loading = _run.Loading(parsed),
            Device = device,
            Force = parsed.GetValue(_force),
            OriginalOtherwise = _part == PipelinePart.Compress && parsed.GetValue(_originalOtherwise),
        };
    }

    private void CheckLock(ParseResult parsed, CompressionOptions options)
    {
        if (_part == PipelinePart.Plan || !parsed.GetValue(_locked))
        {
            return;
        }

        if (options.Plan is null)
        {
            throw Usage.Conflict("--locked holds the result to a plan; give --plan PATH.");
        }

        if (options.Plan.Origin is null)
        {
            throw new Diagnostics.OnnxCompressException(
                Diagnostics.DiagnosticCodes.PlanNotReproduced, "The plan does not note what came of it, so nothing can be held to it; write it anew with the verb 'plan'.");
        }
    }

    /// <summary>Without data only weights are looked at, and somebody must say how far that may go.</summary>
    private CompressionOptions WithoutData(ParseResult parsed, CompressionOptions options)
    {
        if (options.Plan is { } plan && !plan.NeedsNoData)
        {
            throw Usage.Missing("Data are missing: the plan's methods make weights from activations. Give -d PATH or --statistics PATH.");
        }

        if (options.Plan is null && !options.Budget.IsLimited && !options.RemovesNothing)
        {
            throw Usage.Missing("Data are missing: give -d PATH with calibration samples, or --statistics PATH. Without data, by weights alone, a budget is needed: --keep-params 0.7, for instance.");
        }

        _method.CheckWithoutData(parsed, options);
        return options with { IsDataFree = true };
    }

    /// <summary>
    /// Without a budget something must say how small is too small; what changes no number needs no guard, and numbers that are asked for by
    /// name are written without samples too, with the word that nothing was verified.
    /// </summary>
    private static Guard GuardFor(Guard guard, CompressionOptions options, bool hasSamples)
    {
        var isSaid = options.Budget.IsLimited || options.Plan is not null || guard.IsSet
            || options is { RemovesNothing: true, Vocabulary: null, Precision: null or NumberForm.Float } || (options is { RemovesNothing: true, Precision: not NumberForm.Auto } && !hasSamples);
        return isSaid ? guard : guard with { MinimumAgreement = Guard.DefaultMinimumAgreement, IsDefault = true };
    }

    private string? PlanPath(ParseResult parsed) => _part switch
    {
        PipelinePart.Apply => parsed.GetValue(_planFile),
        PipelinePart.Compress => parsed.GetValue(_plan),
        _ => null,
    };

    private CompressionPlan? ReadPlan(ParseResult parsed)
    {
        var path = PlanPath(parsed);
        if (path is not null && _method.RemovesNothing(parsed))
        {
            throw Usage.Conflict("A plan says what is removed, and --methods none that nothing is. Give one of them.");
        }

        if (path is not null && _part == PipelinePart.Compress && _budget.Read(parsed).IsLimited)
        {
            throw Usage.Conflict("--plan says what stays; a budget beside it would say so again. Give one of them.");
        }

        return path is null ? null : CompressionPlan.Load(path);
    }
}
