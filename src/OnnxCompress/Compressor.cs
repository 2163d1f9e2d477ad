using OnnxCompress.Allocation;
using OnnxCompress.Allocation.Timing;
using OnnxCompress.Calibration;
using OnnxCompress.Calibration.Data;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Simplification;
using OnnxCompress.Verification;

namespace OnnxCompress;

/// <summary>The pipeline: analyze, calibrate, select, allocate, rewrite.</summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="runtime">Runs models.</param>
public sealed class Compressor(IDenseBackend backend, IModelRuntime runtime)
{
    /// <summary>Finds what can be removed, what cannot and why; needs one sample for shapes, whatever its values.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="sample">Any sample of the model's inputs.</param>
    /// <param name="options">Which nodes are selected.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">The model cannot be loaded or run; the diagnostic says why.</exception>
    public ModelAnalysis Analyze(OnnxModel model, ISampleSource sample, CompressionOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(options);
        return Prepare(model, sample, options, cancellation).Analysis;
    }

    /// <summary>Takes the statistics that the methods need, for <see cref="CompressionOptions.Statistics"/>.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="samples">Calibration data.</param>
    /// <param name="options">Methods, threads and batch size.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">Model or data cannot be worked with; the diagnostic says why.</exception>
    public CalibrationStatistics Calibrate(
        OnnxModel model, ISampleSource samples, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(options);
        (model, var analysis) = Prepare(model, samples, options, cancellation);
        return new Calibrator(runtime, options.Threads).Run(
            model, analysis.Relations.Shapes, Taps(analysis, options.UsedMethods), samples, options.BatchSize, progress, null, cancellation);
    }

    /// <summary>Compresses a model.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="samples">Calibration data; made-up ones (<see cref="RandomSampleSource"/>) serve for shapes only, beside
    /// <see cref="CompressionOptions.Statistics"/>.</param>
    /// <param name="options">What to reach and how.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run; nothing has been written by then.</param>
    /// <returns>The compressed model and how it came about.</returns>
    /// <exception cref="OnnxCompressException">Model, data or budget cannot be worked with; the diagnostic says why.</exception>
    public CompressionResult Compress(
        OnnxModel model, ISampleSource samples, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) =>
        Compress(model, new CompressionData(samples), options, progress, cancellation);

    /// <summary>Compresses a model, with data that plans are compared on and proven on.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="data">Calibration, validation and guard samples.</param>
    /// <param name="options">What to reach and how.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run; nothing has been written by then.</param>
    /// <returns>The compressed model and how it came about.</returns>
    /// <exception cref="OnnxCompressException">Model, data or budget cannot be worked with; the diagnostic says why.</exception>
    public CompressionResult Compress(
        OnnxModel model, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        return Solvable(() => Run(model, data, options, progress, cancellation));
    }

    private CompressionResult Run(
        OnnxModel model, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var watch = new StageWatch(progress);
        using var workshop = Open(model, data.Statistics, options, watch, progress, cancellation);
        var draft = options.Plan is { } given
            ? workshop.CarryOut(given, progress, cancellation)
            : Search(model, workshop, data, options, progress, cancellation);
        var errors = watch.Time("reconstruct", () => Measure(workshop, draft, workshop.Options, cancellation));
        workshop.Timing?.Keep();
        return Describe(model, workshop, draft, errors, watch.Times with { NodeTimingSeconds = workshop.Timing?.Spent.TotalSeconds ?? 0 });
    }

    /// <summary>What a model costs and keeps at several budgets, from one calibration.</summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="data">Calibration data; validation or guard samples score the models.</param>
    /// <param name="budgets">The budgets; those that cannot be met are left out.</param>
    /// <param name="options">How to compress; its budget is not used.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">Model or data cannot be worked with; OCX5003: there are no samples to score on.</exception>
    public IReadOnlyList<ExploredModel> Explore(
        OnnxModel model, CompressionData data, IReadOnlyList<Budget> budgets, CompressionOptions options, IProgress<ProgressUpdate>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(options);
        using var workshop = Open(model, data.Statistics, options, new StageWatch(progress), progress, cancellation);
        // Nothing is chosen here, so the guard is not used up by looking at it.
        var judge = Judge(model, data.Guard, options) ?? Judge(model, data.Validation, options)
            ?? throw new OnnxCompressException(DiagnosticCodes.NothingToSearchOn, "There are no samples to score models on: give more data.");
        // Many models are timed, each for a moment.
        var timing = new LatencyOptions { Threads = options.Threads, MinimumRounds = 11, Time = TimeSpan.FromSeconds(0.5) };
        LatencyComparison Time(OnnxModel made) => new LatencyComparer(runtime).Compare(model, made, data.Statistics, timing, null, cancellation);
        return Solvable(() => new FrontierSearch(workshop, judge, Time).Explore(budgets, progress, cancellation));
    }

    /// <summary>Numbers out of all proportion, in weights or statistics that a file brought, are the file's fault.</summary>
    private static T Solvable<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (NumericException failure)
        {
            throw Unsolvable(failure);
        }
        catch (AggregateException several) when (several.Flatten().InnerExceptions.OfType<NumericException>().FirstOrDefault() is not null)
        {
            throw Unsolvable(several.Flatten().InnerExceptions.OfType<NumericException>().First());
        }
    }

    private static OnnxCompressException Unsolvable(NumericException failure) => new(
        DiagnosticCodes.NumbersUnusable,
        $"Weights or statistics hold numbers that nothing can be solved with: {failure.Message} Check the model's weights, and calibrate again.",
        failure);

    private Workshop Open(
        OnnxModel original, ISampleSource samples, CompressionOptions options, StageWatch watch, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var (model, analysis) = watch.Time("analyze", () => Prepare(original, samples, options, cancellation));
        if (options.IsDataFree)
        {
            // Made-up samples say nothing about what the network sees: only weights count.
            options = options with { Statistics = WhiteStatistics.Of(model, analysis), Reconstruction = ReconstructionMode.None };
        }

        // Made-up samples beside statistics say nothing about the network: then the weights are those of the statistics.
        var isFitted = options.Reconstruction != ReconstructionMode.None && (options.Statistics is null || samples is not RandomSampleSource);
        var outputs = isFitted ? new OriginalOutputs(runtime, model, analysis.Relations, samples, ReconstructionOptions.From(options), cancellation) : null;
        try
        {
            return Open(model, analysis, outputs, samples, options, watch, progress, cancellation);
        }
        catch
        {
            outputs?.Dispose();
            throw;
        }
    }

    private Workshop Open(
        OnnxModel model, ModelAnalysis analysis, OriginalOutputs? outputs, ISampleSource samples, CompressionOptions options, StageWatch watch,
        IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var methods = options.UsedMethods;
        var statistics = watch.Time("calibrate", () => options.Statistics ?? Collect(model, analysis, outputs, samples, options, progress, cancellation));
        var timing = options.Budget.KeepLatency is null || options.Plan is not null ? null : watch.Time("time nodes", () => LatencyTables.Measure(
            runtime, model, analysis, samples, options, cancellation));
        options = options with { LikedWidths = options.Alignment is null ? timing?.Widths : null };
        return watch.Time("select", () => new Workshop(runtime, backend, model, analysis, statistics, options)
        {
            // A plan that stands needs no curves.
            Sites = options.Plan is null ? new ChannelSelector(model, analysis, statistics, backend, options, methods).Select(cancellation) : [],
            Splits = options.Plan is null && methods.Contains(CompressionMethod.LowRank)
                ? new SplitSelector(model, analysis, statistics, backend, options).Select(cancellation)
                : [],
            Samples = samples,
            Outputs = outputs,
            Watch = watch,
            Timing = timing,
        });
    }

    private CalibrationStatistics Collect(
        OnnxModel model, ModelAnalysis analysis, OriginalOutputs? outputs, ISampleSource samples, CompressionOptions options,
        IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        ChannelTap[] taps = [.. Taps(analysis, options.UsedMethods)];
        // What least squares will ask for is seen in the same pass.
        var observer = options.Reconstruction == ReconstructionMode.Sequential ? outputs?.Observer() : null;
        CalibrationStatistics Run() => new Calibrator(runtime, options.Threads).Run(
            model, analysis.Relations.Shapes, taps, samples, options.BatchSize, progress, observer, cancellation);
        return options.CacheFolder is { } folder ? new StatisticsCache(folder).Get(model, taps, samples, options.BatchSize, Run, cancellation) : Run();
    }

    private PlanJudge? Judge(OnnxModel original, ISampleSource? samples, CompressionOptions options) => samples is { Count: > 0 }
        ? new PlanJudge(runtime, original, samples, new VerificationOptions { Decision = options.Decision, Threads = options.Threads })
        : null;

    private Draft Search(
        OnnxModel original, Workshop workshop, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        var goal = options.Budget.IsLimited ? null : options.Goal;
        // One plan within a budget has nothing to be compared with.
        var judge = goal is null && options.Trials == 1 ? null : Judge(original, data.Validation, options);
        var search = new PlanSearch(workshop, judge, progress, cancellation);
        return goal is null
            ? search.Best(options.Budget)
            : new GoalSearch(search, Judge(original, data.Guard, options), goal).Smallest(cancellation);
    }

    /// <summary>The simplified model, which all later stages work on, and its analysis.</summary>
    private (OnnxModel Model, ModelAnalysis Analysis) Prepare(
        OnnxModel model, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        var isSelected = NodeSelector.Create(model, options.Include, options.Exclude);
        var sample = samples.Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices);
        var simplified = Simplifier.Simplify(model, runtime, sample, cancellation);
        var shapes = ShapeObserver.Observe(runtime, simplified, sample, cancellation);
        return (simplified, DependencyAnalyzer.Analyze(simplified, shapes, isSelected));
    }

    private static IEnumerable<ChannelTap> Taps(ModelAnalysis analysis, IReadOnlyCollection<CompressionMethod> methods) =>
        (methods.Any(ChannelSelector.IsChannelMethod) ? analysis.Groups.SelectMany(g => g.ConsumerLayers).Select(ChannelTap.Of) : [])
            .Concat(methods.Contains(CompressionMethod.Coreset) ? PointNorms.Taps(analysis) : [])
            .Concat(methods.Contains(CompressionMethod.LowRank) ? LayerProblems.Taps(analysis) : []);

    private double[] Measure(Workshop workshop, Draft draft, CompressionOptions options, CancellationToken cancellation) =>
        (options.Statistics is not null || options.IsDataFree) && workshop.Samples is RandomSampleSource
            ? [.. draft.Plan.Sites.Select(_ => double.NaN)]
            : new SiteErrorMeter(runtime, options.Threads).Measure(
                workshop.Model, draft.Model, LayersOf(draft.Plan, workshop.Analysis), draft.Shrinkage, workshop.Samples, options.BatchSize,
                cancellation);

    /// <summary>The layers whose outputs show what each site does.</summary>
    private static LinearLayer[][] LayersOf(CompressionPlan plan, ModelAnalysis analysis)
    {
        var layers = SplitSites.ByName(analysis);
        return [.. plan.Sites.Select(site => site is ChannelPlan ? analysis.GroupOf(site.Site)!.ConsumerLayers.Select(c => c.Layer).ToArray() : [layers[site.Site]])];
    }

    private static CompressionResult Describe(OnnxModel model, Workshop workshop, Draft draft, double[] errors, StageTimes times)
    {
        var (plan, analysis) = (draft.Plan, workshop.Analysis);
        var sites = plan.Sites.Select((s, i) => SiteOutcome.From(s, errors[i]));
        return new CompressionResult(
            draft.Model, plan, [.. sites],
            new ModelCost(ParameterCount.Of(model), analysis.Macs, model.Bytes),
            workshop.CostOf(draft),
            analysis.Refusals,
            [.. SampleSufficiency.Check(analysis, workshop.Statistics)],
            times)
        {
            Layers = draft.Fits,
        };
    }
}
