using System.Diagnostics;
using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Samples;
using OnnxCompress.Cli.Options;
using OnnxCompress.Cli.Output;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.OnnxRuntime;
using OnnxCompress.Reporting;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Verbs;

/// <summary>One run of <c>compress</c>: read, compress, verify, decide, write.</summary>
/// <param name="settings">What to do.</param>
/// <param name="talk">Where to talk.</param>
/// <param name="cancellation">Ctrl+C.</param>
internal sealed class CompressRun(CompressSettings settings, Talk talk, CancellationToken cancellation)
{
    // Made-up samples that drift is reported on where there are no real ones.
    private const int RandomSamples = 64;

    private readonly long _started = Stopwatch.GetTimestamp();
    private OrtRuntime _runtime = new();
    private AssumedShapes? _shapes;
    private IReadOnlyList<DecisionRule> _decisions = [];

    /// <summary>Runs.</summary>
    /// <returns>The exit code.</returns>
    public int Execute()
    {
        using var device = DeviceBackend.Open(settings.Device, settings.Options.Threads, talk);
        _runtime = device.Runtime;
        var model = LoadedModel.Open(settings.Model, settings.Loading, talk);
        settings.Outputs.CheckSideFiles(model, settings.WritesPlan ? null : settings.Output);
        (_decisions, var chosen) = settings.Decisions.For(model);
        var statistics = LoadStatistics(model);
        using var data = settings.Data.Files.Count == 0 ? null : settings.Data.Open(model, _runtime, cancellation);
        using var verifyData = settings.VerifyData?.Open(model, _runtime, cancellation);
        var labels = settings.Labels is null ? null : LabelFile.Read(settings.Labels);
        var source = data ?? (ISampleSource)RandomSampleSource.For(model, 1, settings.Options.Seed, Shapes(model));
        var split = data is null
            ? new SampleSplit([0], [], [])
            : settings.Folds is not null ? SampleSplit.WithoutGuard(data, settings.Options.Seed, settings.Samples, cancellation)
            : SampleSplit.Create(data, settings.Holdout, settings.Options.Seed, settings.Samples, cancellation);
        var proof = new HeldOutSamples(settings, talk);
        var evidence = settings.Folds is { } folds ? proof.All(source, folds, cancellation) : proof.Choose(source, split, verifyData, statistics, cancellation);
        var heldOut = evidence.Samples;
        var output = new CompressOutput(settings, talk);
        var readSeconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;

        var outcome = talk.WithProgress(progress => Work(
            device.Backend,
            model,
            data is null ? new CompressionData(source, Guard: heldOut.Count == 0 ? null : heldOut) : new CompressionData(
                new SubsetSampleSource(data, split.Statistics), new SubsetSampleSource(data, split.Validation), heldOut.Count == 0 || settings.Folds is not null ? null : heldOut)
            {
                AreOfOneKind = settings.VerifyData is null,
            },
            statistics,
            labels,
            heldOut,
            progress));
        if (chosen is not null && outcome.Verification is not null)
        {
            talk.Line(chosen);
        }

        if (settings.Options.Precision is null && outcome.Result.Considered.Count > 0)
        {
            talk.Line($"numbers: {Numbers(outcome.Result)}, the tool's choice where bytes or time are made small; --precision float leaves them as they are");
        }

        Diagnostic[] remarks = [.. Assumption(), .. proof.Warnings(evidence, outcome.Verification), .. outcome.Result.Diagnostics];
        foreach (var remark in remarks)
        {
            talk.Say(remark);
        }

        var origin = PlanOrigin.Of(_runtime, data is null ? null : new SubsetSampleSource(data, split.Statistics), outcome.Result.Model);
        CheckLock(origin);
        outcome = outcome with { Result = outcome.Result with { Plan = outcome.Result.Plan with { Origin = origin } } };
        var verdict = Verdict.Of(settings, outcome);
        var report = Report(outcome, heldOut, readSeconds) with { Diagnostics = [.. remarks.Concat(verdict.All).Select(ReportedDiagnostic.From)] };
        // Somebody may have taken over while the last stage looked at nothing but numbers.
        cancellation.ThrowIfCancellationRequested();
        if (verdict.IsWritten)
        {
            report = output.Write(outcome.Result, report);
        }

        output.Print(report);
        return Finish(verdict);
    }

    private static string Numbers(CompressionResult result) => result.Considered.FirstOrDefault(form => form.Chosen) is { } chosen
        ? ReportSentences.Form(ResultReport.Reported(chosen))
        : result.Plan.Precision.ToString().ToLowerInvariant();

    /// <summary>Shapes of made-up samples, chosen once; what had to be assumed is said before the work begins.</summary>
    private IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes(OnnxModel model)
    {
        if (_shapes is null)
        {
            _shapes = AssumedShapes.Choose(model, _runtime, settings.Shapes, cancellation);
            if (_shapes.Remark is { } remark)
            {
                talk.Line(remark);
            }
        }

        return _shapes.Shapes;
    }

    /// <summary>For the report; the console has it already.</summary>
    private IEnumerable<Diagnostic> Assumption() =>
        _shapes?.Remark is { } remark ? [new(DiagnosticCodes.SizesAssumed, Severity.Information, $"{char.ToUpperInvariant(remark[0])}{remark[1..]}.")] : [];

    private CompressOutcome Work(
        IDenseBackend backend, OnnxModel model, CompressionData data, CalibrationStatistics? statistics, IReadOnlyList<long>? labels, ISampleSource heldOut,
        IProgress<ProgressUpdate> progress)
    {
        var threads = settings.Options.Threads;
        var options = settings.Options with { Statistics = statistics, Decisions = _decisions, TimeLimit = TimeLeft() };
        var result = new Compressor(backend, _runtime).Compress(model, data, options, progress, cancellation);
        var verifying = Stopwatch.GetTimestamp();
        VerificationResult? Verify(ISampleSource? samples, IReadOnlyList<DecisionRule> decisions) => samples is null ? null : new ModelVerifier(_runtime) { Known = samples == data.Guard ? data.Reference : null }.Verify(
            model,
            result.Model,
            samples,
            new VerificationOptions { Decisions = decisions, Mask = options.Mask, Labels = samples == data.Guard ? labels : null, Beside = samples == data.Guard && data.AreOfOneKind ? data.Validation : null, Threads = threads },
            progress,
            cancellation);
        var verification = settings.Folds is { } folds
            ? new CrossFit(backend, _runtime, folds, settings.Samples).Verify(model, result, heldOut, options, progress, cancellation)
            : Verify(data.Guard, _decisions);
        // What a model decides about made-up inputs says nothing of what it decides about real ones.
        var random = Verify(
            options.IsDataFree && data.Guard is null ? RandomSampleSource.For(model, RandomSamples, options.Seed, Shapes(model), settings.InputRange) : null, [new DecisionRule(DecisionKind.None)]);
        var latency = result.Plan.Target == RunTarget.Cpu ? Time(model, result.Model, data.Guard ?? data.Statistics, progress) : null;
        return new(result, verification, random, latency, Stopwatch.GetElapsedTime(verifying).TotalSeconds) { Judged = settings.Judge?.Judge(result.Model, cancellation) };
    }

    /// <summary>Of the time limit, what reading has left; null without one.</summary>
    private TimeSpan? TimeLeft() => settings.Options.TimeLimit is not { } limit ? null
        : Stopwatch.GetElapsedTime(_started) is var read && read < limit ? limit - read : TimeSpan.Zero;

    /// <summary>Where time was asked for, a result that seems too slow is timed once more: other programs come and go.</summary>
    private LatencyComparison Time(OnnxModel original, OnnxModel compressed, ISampleSource samples, IProgress<ProgressUpdate> progress)
    {
        LatencyComparison Compare(LatencyOptions options) => new LatencyComparer(_runtime).Compare(original, compressed, samples, options, progress, cancellation);
        var options = new LatencyOptions { Threads = settings.Options.Threads, Batch = settings.Options.TimedBatch, Time = settings.TimedFor };
        var first = Compare(options);
        return Verdict.IsTooSlow(settings, first) ? Compare(options with { Time = 3 * options.Time }) : first;
    }

    private void CheckLock(PlanOrigin present)
    {
        if (settings.Locked && settings.Options.Plan!.Origin!.DifferencesFrom(present) is { Count: > 0 } differences)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.PlanNotReproduced, $"The plan gives another result than when it was written: {string.Join("; ", differences)}. Nothing was written.");
        }
    }

    private CalibrationStatistics? LoadStatistics(OnnxModel model)
    {
        if (settings.Statistics is null)
        {
            return null;
        }

        var statistics = CalibrationStatistics.Load(settings.Statistics);
        return statistics.ModelSha256 == model.SourceSha256
            ? statistics
            : throw new OnnxCompressException(
                DiagnosticCodes.StatisticsMismatch, $"'{settings.Statistics}' belongs to another model than '{settings.Model}'; calibrate this model.");
    }

    private CompressionReport Report(CompressOutcome outcome, ISampleSource samples, double readSeconds)
    {
        var report = outcome.Result.ToReport(outcome.Verification, samples, outcome.Latency, settings.Options.Seed, settings.Data.Describe());
        return report with
        {
            Tool = ToolVersion.Text,
            Command = settings.Command,
            Judged = outcome.Judged,
            RandomInputs = outcome.RandomInputs is { } random ? ReportedVerification.From(random) : null,
            Timing = report.Timing with
            {
                ReadSeconds = readSeconds,
                VerifySeconds = outcome.VerifySeconds,
                LimitSeconds = settings.Options.TimeLimit?.TotalSeconds,
                TotalSeconds = Stopwatch.GetElapsedTime(_started).TotalSeconds,
                PeakWorkingSetBytes = Process.GetCurrentProcess().PeakWorkingSet64,
            },
        };
    }

    private IEnumerable<string> Beside => settings.PlanFile is { } plan ? [.. settings.Reports, plan] : settings.Reports;

    /// <summary>What must not be overlooked comes last.</summary>
    private int Finish(Verdict verdict)
    {
        if (verdict.IsWritten)
        {
            talk.Line($"wrote {settings.Output}{string.Concat(Beside.Select(report => $" and {report}"))}");
        }

        foreach (var diagnostic in verdict.All)
        {
            if (diagnostic.Severity == Severity.Information)
            {
                // About the result itself, so that it is said without --verbose.
                talk.Line(diagnostic.ToString());
            }
            else
            {
                talk.Say(diagnostic);
            }
        }

        return verdict.IsWritten ? ExitCodes.Done : ExitCodes.For(verdict.Failures[0].Code);
    }
}
