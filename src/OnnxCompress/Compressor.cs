using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Search;

namespace OnnxCompress;

/// <summary>The pipeline: analyze, calibrate, select, allocate, rewrite.</summary>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="runtime">Runs models.</param>
public sealed class Compressor(IDenseBackend backend, IModelRuntime runtime)
{
    /// <summary>What time it is, for <see cref="CompressionOptions.TimeLimit"/>.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

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
        return MadeUpFailure.Explain(sample, () => PreparedModel.Of(model, sample, runtime, options, cancellation).Analysis);
    }

    /// <summary>Takes the statistics that the methods and numbers of fewer bits need, for <see cref="CompressionOptions.Statistics"/>.</summary>
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
        var augmented = new CompressionData(samples).With(options.Augmentations).Statistics;
        var prepared = PreparedModel.Of(model, augmented, runtime, options, cancellation);
        return new CalibrationPass(prepared, runtime, options) { TakesRanges = true }.Run(augmented, progress, null, cancellation);
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
        data.Reference.Limit = StageOptions.ReferenceBytes(options);
        data = data.With(options.Augmentations);
        return VocabularyStage.Decide(model, data.Statistics, options, cancellation).Around(
            decided => MadeUpFailure.Explain(data.Statistics, () => Run(model, data, decided, progress, cancellation)), model, data.Guard, cancellation);
    }

    private CompressionResult Run(
        OnnxModel model, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation) =>
        FormChoice.IsLeft(options, data) || FormChoice.IsHeld(options, data) ? RunAll(model, data, options, progress, cancellation) : RunOne(model, data, options, progress, cancellation);

    private CompressionResult RunAll(
        OnnxModel model, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        using var limit = new TimeLimit(options.TimeLimit, Clock, cancellation);
        using var runs = new FormRuns(Tools(progress, limit, options), model, data, options);
        return Marked(limit, new FormPortfolio(
            options, runs, StageOptions.Judge(runtime, model, data, options), StageOptions.Guard(runtime, model, data, options)) { Limit = limit }.Best(cancellation));
    }

    private CompressionResult RunOne(
        OnnxModel model, CompressionData data, CompressionOptions options, IProgress<ProgressUpdate>? progress, CancellationToken cancellation)
    {
        options = StageOptions.WithPlan(options, model.SourceSha256);
        // A plan that stands leaves nothing to search.
        using var limit = new TimeLimit(options.Plan is null ? options.TimeLimit : null, Clock, cancellation);
        using var pipeline = limit.Within(() => Pipeline.Open(Tools(progress, limit, options), model, data.Statistics, options, limit.Token));
        var made = options.Plan is { } given
            ? pipeline.Executor.Execute(options.RemovesNothing ? given with { Rewrites = pipeline.Rewrites } : given, progress, cancellation)
            : new ResultSearch(runtime, model, data, options).Run(pipeline, cancellation);
        return Marked(limit, pipeline.Conclude(made, cancellation));
    }

    private PipelineTools Tools(IProgress<ProgressUpdate>? progress, TimeLimit limit, CompressionOptions options) =>
        PipelineTools.Of(runtime, backend, progress, options) with { Limit = limit };

    /// <summary>The result, with what there is to know of how it was found.</summary>
    private static CompressionResult Marked(TimeLimit limit, CompressionResult result) => !limit.IsReached ? result : result with
    {
        Diagnostics = [.. result.Diagnostics, limit.Warning],
        Times = result.Times with { IsCutShort = true },
    };

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
        CancellationToken cancellation) => ExploreForms(model, data, budgets, options, progress, cancellation).Models;

    /// <summary>
    /// What a model costs and keeps at several budgets, from one calibration; with <see cref="Forms.NumberForm.Auto"/> in numbers of several
    /// forms, each alone and with less and less left of the model.
    /// </summary>
    /// <param name="model">The model; not changed.</param>
    /// <param name="data">Calibration data; validation or guard samples score the models.</param>
    /// <param name="budgets">The budgets; those that cannot be met are left out. Shares of bytes are, in other numbers, of what the form alone takes.</param>
    /// <param name="options">How to compress; its budget is not used.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="cancellation">Stops the run.</param>
    /// <exception cref="OnnxCompressException">Model or data cannot be worked with; OCX5003: there are no samples to score on.</exception>
    public Exploration ExploreForms(
        OnnxModel model, CompressionData data, IReadOnlyList<Budget> budgets, CompressionOptions options, IProgress<ProgressUpdate>? progress,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(budgets);
        ArgumentNullException.ThrowIfNull(options);
        options = options with { Budget = Budget.None, Goal = null };
        data.Reference.Limit = StageOptions.ReferenceBytes(options);
        data = data.With(options.Augmentations);
        using var limit = new TimeLimit(options.TimeLimit, Clock, cancellation);
        var vocabulary = VocabularyStage.Decide(model, data.Statistics, options, cancellation);
        options = vocabulary.Options;
        var tools = Tools(progress, limit, options);
        using var runs = new FormRuns(tools, model, data, options);
        return new FormFrontier(options, tools, runs, model, data).Explore(budgets, cancellation) with { Vocabulary = vocabulary.Outcomes(model, data.Guard, cancellation) };
    }
}
