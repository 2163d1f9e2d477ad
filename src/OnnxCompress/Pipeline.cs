using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Simplification;
using OnnxCompress.Timing;

namespace OnnxCompress;

/// <summary>One run with its stages opened as far as plans can be made and carried out.</summary>
internal sealed class Pipeline : IDisposable
{
    private readonly PipelineTools _tools;
    private readonly OnnxModel _original;
    private readonly PreparedModel _prepared;
    private readonly CalibrationStatistics _statistics;
    private readonly OriginalOutputs? _outputs;
    private readonly LatencyTables? _times;
    private readonly SiteCurves _curves;
    private readonly ISampleSource _samples;
    private readonly CompressionOptions _options;

    private Pipeline(PipelineTools tools, OnnxModel original, PreparedModel prepared, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        Times = new ResultTimes(tools.Runtime, original, samples, options);
        (_tools, _original, _prepared, _samples, _options) = (tools, original, prepared, samples, options);
        Rewrites = FasterForms(cancellation);
        _outputs = Outputs(cancellation);
        try
        {
            _statistics = tools.Watch.Time("calibrate", () => Statistics(cancellation));
            // A plan that stands needs neither curves nor times.
            _times = !StageOptions.LimitsTime(options)
                ? null
                : tools.Watch.Time("time nodes", () => LatencyTables.Measure(
                    tools.Runtime, prepared.Model, prepared.Analysis, samples, StageOptions.Timing(options), cancellation));
            _curves = tools.Watch.Time("select", () => options.Plan is null ? Curves(StageOptions.Selection(options, _times?.Widths), cancellation) : SiteCurves.None);
            (Planner, Executor) = Workers(cancellation);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private Pipeline(Pipeline shared, CompressionOptions options, CancellationToken cancellation)
    {
        Times = new ResultTimes(shared._tools.Runtime, shared._original, shared._samples, options);
        (_tools, _original, _prepared, _samples, _options) = (shared._tools, shared._original, shared._prepared, shared._samples, options);
        (_outputs, _statistics, _times, _curves) = (shared._outputs, shared._statistics, shared._times, shared._curves);
        Rewrites = FasterForms(cancellation);
        (Planner, Executor) = Workers(cancellation);
    }

    /// <summary>Names of rewrites that change no output and were measured to be faster.</summary>
    public IReadOnlyList<string> Rewrites { get; }

    /// <summary>What the model costs as it was given.</summary>
    public ModelCost Original => _prepared.Original;

    /// <summary>Makes plans.</summary>
    public IPlanner Planner { get; }

    /// <summary>Carries them out.</summary>
    public IPlanExecutor Executor { get; }

    /// <summary>Times models of plans beside the original.</summary>
    public ResultTimes Times { get; }

    /// <summary>Times the stages.</summary>
    public StageWatch Watch => _tools.Watch;

    /// <summary>Analyses, calibrates and prices.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">Model or data cannot be worked with; the diagnostic says why.</exception>
    public static Pipeline Open(PipelineTools tools, OnnxModel original, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        var prepared = tools.Watch.Time("analyze", () => PreparedModel.Of(original, samples, tools.Runtime, options, cancellation));
        RemovableSites.Require(prepared, options);
        return new(tools, original, prepared, samples, prepared.WithinMemory(options), cancellation);
    }

    /// <summary>The same run in numbers of another form: what does not depend on them is shared, and disposed of with either.</summary>
    /// <param name="options">The same but for the form and the goal.</param>
    /// <param name="cancellation">Stops the run.</param>
    public Pipeline In(CompressionOptions options, CancellationToken cancellation) =>
        StageOptions.TakesUpWholeNumbers(options) != StageOptions.TakesUpWholeNumbers(_options) && !ReferenceEquals(Simplifier.Dequantised(_original), _original)
            ? Open(_tools, _original, _samples, options, cancellation)
            : new(this, options with { BatchSize = _options.BatchSize }, cancellation);

    /// <summary>What a run has come to; times of nodes are kept for the next one.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">The compressed model cannot be run.</exception>
    public CompressionResult Conclude(ExecutedPlan made, CancellationToken cancellation)
    {
        // Nothing is fitted any more, and two whole networks run beside each other next.
        _outputs?.Dispose();
        var conclusion = new Conclusion(_tools, _prepared, _statistics, _samples, _options);
        var errors = Watch.Time("reconstruct", () => conclusion.ErrorsOf(made, cancellation));
        _times?.Keep();
        Times.Keep();
        var difference = made.Precision.Count == 0 ? (double?)null : Watch.Time("compare", () => conclusion.KernelDifferenceOf(made, cancellation));
        return conclusion.Of(made, errors, _times?.Spent ?? TimeSpan.Zero, difference);
    }

    /// <inheritdoc />
    public void Dispose() => _outputs?.Dispose();

    // A plan that stands says what it ends with; what is faster in floating point need not be so in bytes, and rounds once more there.
    private IReadOnlyList<string> FasterForms(CancellationToken cancellation) =>
        (_options.Plan is null || _options.RemovesNothing) && StageOptions.Precision(_options) == NumberForm.Float
            ? _tools.Watch.Time("analyze", () => new WorthwhileForms(_tools.Runtime, _options).Of(_prepared, _samples, cancellation))
            : [];

    private (IPlanner Planner, IPlanExecutor Executor) Workers(CancellationToken cancellation) =>
        new PlanWorkers(_tools, _prepared, _statistics, _samples, _options) { Rewrites = Rewrites, Times = Times }.Open(_curves, _times?.Cost, _outputs, cancellation);

    private OriginalOutputs? Outputs(CancellationToken cancellation)
    {
        // Made-up samples beside statistics say nothing about the network: then the weights are those of the statistics.
        var isFitted = StageOptions.Mode(_options) != ReconstructionMode.None && (_options.Statistics is null || _samples is not RandomSampleSource);
        return isFitted
            ? new OriginalOutputs(_tools.Runtime, _prepared.Model, _prepared.Analysis.Relations, _samples, StageOptions.Reconstruction(_options), cancellation)
            : null;
    }

    private CalibrationStatistics Statistics(CancellationToken cancellation)
    {
        if (_options.IsDataFree)
        {
            // Made-up samples say nothing about what the network sees: only weights count.
            return WhiteStatistics.Of(_prepared.Model, _prepared.Analysis);
        }

        // What least squares will ask for is seen in the same pass.
        var observer = _options.Reconstruction == ReconstructionMode.Sequential ? _outputs?.Observer() : null;
        return _options.Statistics ?? _prepared.Calibrate(_samples, _tools.Runtime, _options, _tools.Progress, observer, cancellation);
    }

    private SiteCurves Curves(SelectionOptions options, CancellationToken cancellation) => new(
        new ChannelSelector(_prepared.Model, _prepared.Analysis, _statistics, _tools.Backend, options).Select(cancellation),
        options.Methods.Contains(CompressionMethod.LowRank)
            ? new SplitSelector(_prepared.Model, _prepared.Analysis, _statistics, _tools.Backend, options).Select(cancellation)
            : []);
}
