using System.CommandLine;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reporting;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary><c>verify ORIGINAL COMPRESSED -d DATA</c>: how far two models agree, and what each costs.</summary>
internal sealed class VerifyVerb
{
    private readonly Argument<string> _original = ModelArgument.Create("ORIGINAL", "The reference model.");
    private readonly Argument<string> _compressed = ModelArgument.Create("COMPRESSED", "The model under test.");
    private readonly DataOptions _data = new();
    private readonly Option<string?> _labels = OptionFactory.Text("--labels", "FILE", "The right classes, one integer for each sample: .npy.");
    private readonly DecisionOptions _decision = new();
    private readonly GuardOptions _guard = new();
    private readonly RunOptions _run = new();
    private readonly TalkOptions _talk = new();

    /// <summary>Declares the verb.</summary>
    public static Command Create(CliContext context)
    {
        var verb = new VerifyVerb();
        var command = new VerbCommand(
            "verify",
            "Runs two models on the same samples: agreement, drift, accuracy when there are labels, size, MACs and latency.",
            "dotnet onnx-compress verify model.onnx small.onnx -d test.npy --scale 0.00392157",
            "dotnet onnx-compress verify model.onnx small.onnx -d test.npy --labels test_labels.npy --min-agreement 0.98");
        command.Arguments.Add(verb._original);
        command.Arguments.Add(verb._compressed);
        verb._data.AddTo(command);
        command.Options.Add(verb._labels);
        verb._decision.AddTo(command);
        verb._guard.AddTo(command);
        verb._run.AddBatchTo(command);
        verb._run.AddTo(command);
        verb._talk.AddTo(command);
        command.SetAction(parsed => verb.Run(parsed, context));
        return command;
    }

    private int Run(ParseResult parsed, CliContext context)
    {
        var talk = _talk.Read(parsed, context);
        var data = _data.Read(parsed);
        var decision = _decision.Read(parsed);
        var guard = _guard.ReadExplicit(parsed, decision);
        var (threads, batch) = (_run.Threads(parsed), _run.Batch(parsed));
        if (data.Files.Count == 0)
        {
            throw Usage.Missing("Data are missing: -d PATH with the samples to compare the models on.");
        }

        var labels = parsed.GetValue(_labels) is { } path ? LabelFile.Read(path) : null;
        if (labels is null && _guard.NeedsLabels(parsed))
        {
            throw Usage.Conflict("--max-accuracy-drop needs --labels.");
        }

        var original = LoadedModel.Open(parsed.GetValue(_original)!, _run.Loading(parsed), talk);
        var compressed = OnnxModel.Load(parsed.GetValue(_compressed)!, _run.Loading(parsed));
        var runtime = new OrtRuntime();
        using var samples = data.Open(original, runtime, context.Cancellation);
        CheckCount(samples, guard, context.Cancellation);
        var (rules, chosen) = decision.For(original);
        var options = new VerificationOptions { Decisions = rules, Mask = decision.Mask, Labels = labels, Threads = threads };
        var (verification, latency) = talk.WithProgress(progress => (
            new ModelVerifier(runtime).Verify(original, compressed, samples, options, progress, context.Cancellation),
            new LatencyComparer(runtime).Compare(
                original, compressed, samples, new LatencyOptions { Threads = threads, Batch = batch, Time = context.TimedFor }, progress, context.Cancellation)));

        if (chosen is not null)
        {
            talk.Line(chosen);
        }

        ReportedCost Cost(OnnxModel model, double milliseconds, string? sha256) =>
            CostOf(model, samples, new Compressor(new CpuBackend(threads), runtime), context.Cancellation) with { LatencyMs = milliseconds, Sha256 = sha256 };
        var report = new ComparisonReport
        {
            Tool = ToolVersion.Text,
            Model = new(Path.GetFileName(original.SourcePath)!, original.SourceSha256),
            Original = Cost(original, latency.OriginalMs, null),
            Compressed = Cost(compressed, latency.CompressedMs, compressed.SourceSha256),
            Verification = ReportedVerification.From(verification),
            Latency = ReportedLatency.From(latency),
        };
        Print(report, talk);
        if (OneDecision.Warning(verification) is { } oneSided)
        {
            talk.Say(oneSided);
        }

        if (guard.Promised is { } promised && AgreementSamples.OutOfReach(promised, verification.DistinctSamples) is { } outOfReach)
        {
            talk.Say(outOfReach);
        }

        if (guard.Failure(verification) is not { } failure)
        {
            return ExitCodes.Done;
        }

        talk.Say(failure);
        return ExitCodes.For(failure.Code);
    }

    private static void CheckCount(FileSampleSource samples, Guard guard, CancellationToken cancellation)
    {
        if (guard.Promised is null)
        {
            return;
        }

        var different = new HashSet<UInt128>();
        for (var index = 0; index < samples.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            different.Add(FedContent.Of(samples, index));
        }

        if (AgreementSamples.TooFew(guard.Promised, different.Count) is { } refusal)
        {
            throw new OnnxCompressException(refusal);
        }
    }

    private static ReportedCost CostOf(OnnxModel model, ISampleSource samples, Compressor compressor, CancellationToken cancellation)
    {
        var analysis = compressor.Analyze(model, samples, new CompressionOptions(), cancellation);
        return new(analysis.Parameters, analysis.Macs, model.FileBytes, LatencyMs: null);
    }

    private static void Print(ComparisonReport report, Talk talk)
    {
        if (talk.Json)
        {
            talk.ResultJson(ReportJson.Write(report));
            return;
        }

        talk.Result(ResultTables.Costs(report.Original, report.Compressed, report.Latency));
        talk.Result(ResultTables.Verification(report.Verification, "samples"));
    }
}
