using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Reconstruction;
using OnnxCompress.Samples;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Timing;

namespace OnnxCompress;

/// <summary>What a run stands on, whatever the numbers of its result: the model prepared, its statistics, what could go, and what that takes in the runtime.</summary>
internal sealed class Groundwork : IDisposable
{
    private readonly Dictionary<NumberForm, IReadOnlyList<string>> _rewrites = [];

    private Groundwork(PipelineTools tools, OnnxModel original, PreparedModel prepared, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        (Tools, Original, Prepared, Samples, Options) = (tools, original, prepared, samples, options);
        _ = RewritesFor(options, cancellation);
        Outputs = OutputsOf(cancellation);
        try
        {
            Statistics = tools.Watch.Time("calibrate", () => StatisticsOf(cancellation));
            // A plan that stands needs neither curves nor times.
            Tables = !StageOptions.LimitsTime(options)
                ? null
                : tools.Watch.Time("time nodes", () => LatencyTables.Measure(
                    tools.Runtime, prepared.Model, prepared.Analysis, samples, StageOptions.Timing(options), cancellation));
            Curves = tools.Watch.Time("select", () => options.Plan is null ? new SitePricing(tools, prepared, Statistics, Outputs).Curves(StageOptions.Selection(options, Tables?.Widths), options.CacheFolder, cancellation) : SiteCurves.None);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What every stage works with.</summary>
    public PipelineTools Tools { get; }

    /// <summary>The model as it was given.</summary>
    public OnnxModel Original { get; }

    /// <summary>The model that plans are for.</summary>
    public PreparedModel Prepared { get; }

    /// <summary>Calibration data.</summary>
    public ISampleSource Samples { get; }

    /// <summary>What the user said, with batches that memory has room for.</summary>
    public CompressionOptions Options { get; }

    /// <summary>What least squares fits to; null where nothing is fitted.</summary>
    public OriginalOutputs? Outputs { get; }

    /// <summary>Statistics of the model.</summary>
    public CalibrationStatistics Statistics { get; }

    /// <summary>What statistics lack; null for nothing.</summary>
    public Diagnostics.Diagnostic? Warning { get; private set; }

    /// <summary>Times of layers; null where time is not limited.</summary>
    public LatencyTables? Tables { get; }

    /// <summary>What could go, and at what loss.</summary>
    public SiteCurves Curves { get; }

    /// <summary>
    /// Names of rewrites that change no output and were measured to be faster. A plan that stands says what it ends with; what is faster
    /// in floating point need not be so in bytes, so that it is measured in both.
    /// </summary>
    public IReadOnlyList<string> RewritesFor(CompressionOptions options, CancellationToken cancellation)
    {
        var form = StageOptions.Precision(options);
        if (!_rewrites.TryGetValue(form, out var known))
        {
            _rewrites[form] = known = Tools.Watch.Time("analyze", () => WorthwhileForms.Of(Tools, Prepared, Samples, options, cancellation));
        }

        return known;
    }

    /// <summary>Analyses, calibrates, times and prices.</summary>
    /// <exception cref="Diagnostics.OnnxCompressException">Model or data cannot be worked with; the diagnostic says why.</exception>
    public static Groundwork Lay(PipelineTools tools, OnnxModel original, ISampleSource samples, CompressionOptions options, CancellationToken cancellation)
    {
        var prepared = tools.Watch.Time("analyze", () => PreparedModel.Of(original, samples, tools.Runtime, options, cancellation));
        RemovableSites.Require(prepared, options);
        return new(tools, original, prepared, samples, prepared.WithinMemory(options), cancellation);
    }

    /// <summary>See <see cref="Timing.ByteGains"/>.</summary>
    /// <param name="model">What stays, in floating point.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public IReadOnlyDictionary<string, double> ByteGains(OnnxModel model, CancellationToken cancellation) =>
        Tools.Watch.Time("time nodes", () => Timing.ByteGains.Measure(Tools.Runtime, model, Prepared.Analysis.Relations.Shapes, StageOptions.Timing(Options), cancellation));

    /// <inheritdoc />
    public void Dispose() => Outputs?.Dispose();

    private OriginalOutputs? OutputsOf(CancellationToken cancellation)
    {
        // Made-up samples beside statistics say nothing about the network: then the weights are those of the statistics.
        var isFitted = StageOptions.Mode(Options) != ReconstructionMode.None && (Options.Statistics is null || Samples is not RandomSampleSource);
        return isFitted
            ? new OriginalOutputs(Tools.Runtime, Prepared.Model, Prepared.Analysis.Relations, Samples, StageOptions.Reconstruction(Options), cancellation)
            : null;
    }

    private CalibrationStatistics StatisticsOf(CancellationToken cancellation)
    {
        if (Options.IsDataFree)
        {
            // Made-up samples say nothing about what the network sees: only weights count.
            return WhiteStatistics.Of(Prepared.Model, Prepared.Analysis);
        }

        // What least squares will ask for is seen in the same pass.
        var observer = Options.Reconstruction == ReconstructionMode.Sequential ? Outputs?.Observer() : null;
        if (Options.Statistics is { } known)
        {
            return known;
        }

        var pass = new CalibrationPass(Prepared, Tools.Runtime, Options);
        var statistics = pass.Run(Samples, Tools.Progress, observer, cancellation);
        Warning = pass.Warning;
        return statistics;
    }
}
