using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Samples;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Timing;

namespace OnnxCompress;

/// <summary>One run with its stages opened as far as plans can be made and carried out.</summary>
internal sealed class Pipeline : IDisposable
{
    private readonly PipelineTools _tools;
    private readonly PreparedModel _prepared;
    private readonly CalibrationStatistics _statistics;
    private readonly OriginalOutputs? _outputs;
    private readonly ISampleSource _samples;
    private readonly CompressionOptions _options;

    private Pipeline(PipelineTools tools, OnnxModel original, PreparedModel prepared, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        Times = new ResultTimes(tools.Runtime, original, samples, options);
        (_tools, _prepared, _samples, _options) = (tools, prepared, samples, options);
        // A plan that stands says what it ends with; what is faster in floating point need not be so in bytes, and rounds once more there.
        Rewrites = (options.Plan is null || options.RemovesNothing) && StageOptions.Precision(options) == NumberForm.Float
            ? tools.Watch.Time("analyze", () => new WorthwhileForms(tools.Runtime, options).Of(prepared, samples, cancellation))
            : [];
        _outputs = Outputs(cancellation);
        try
        {
            _statistics = tools.Watch.Time("calibrate", () => Statistics(cancellation));
            // A plan that stands needs neither curves nor times.
            Tables = !StageOptions.LimitsTime(options)
                ? null
                : tools.Watch.Time("time nodes", () => LatencyTables.Measure(
                    tools.Runtime, prepared.Model, prepared.Analysis, samples, StageOptions.Timing(options), cancellation));
            var curves = tools.Watch.Time("select", () => options.Plan is null ? Curves(StageOptions.Selection(options, Tables?.Widths), cancellation) : SiteCurves.None);
            (Planner, Executor) = new PlanWorkers(tools, prepared, _statistics, samples, options) { Rewrites = Rewrites, Times = Times }.Open(curves, Tables?.Cost, _outputs, cancellation);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Names of rewrites that change no output and were measured to be faster.</summary>
    public IReadOnlyList<string> Rewrites { get; }

    /// <summary>Times of layers; null where time is not limited.</summary>
    public LatencyTables? Tables { get; }

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

    /// <summary>What a run has come to; times of nodes are kept for the next one.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">The compressed model cannot be run.</exception>
    public CompressionResult Conclude(ExecutedPlan made, CancellationToken cancellation)
    {
        // Nothing is fitted any more, and two whole networks run beside each other next.
        _outputs?.Dispose();
        var conclusion = new Conclusion(_tools, _prepared, _statistics, _samples, _options);
        var errors = Watch.Time("reconstruct", () => conclusion.ErrorsOf(made, cancellation));
        Tables?.Keep();
        Times.Keep();
        var difference = made.Precision.Count == 0 ? (double?)null : Watch.Time("compare", () => conclusion.KernelDifferenceOf(made, cancellation));
        return conclusion.Of(made, errors, Tables?.Spent ?? TimeSpan.Zero, difference);
    }

    /// <inheritdoc />
    public void Dispose() => _outputs?.Dispose();

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
