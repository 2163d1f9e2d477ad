using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Timing;

/// <summary>The times of a model's layers on this machine, and what was learnt about widths on the way.</summary>
internal sealed class LatencyTables
{
    private readonly NodeTimer _timer;
    private readonly NodeTimeCache _cache;

    private readonly ModelAnalysis _analysis;
    private readonly TimingOptions _options;
    private readonly Lazy<LatencyCost> _cost;

    private LatencyTables(NodeTimer timer, NodeTimeCache cache, LikedWidths widths, ModelAnalysis analysis, TimingOptions options, double whole, CancellationToken cancellation)
    {
        (_timer, _cache, Widths, _analysis, _options) = (timer, cache, widths, analysis, options);
        // Layers are timed when choices are first weighed: a search that ends before needs none of it.
        _cost = new(() => new(analysis, timer, whole, Alignment, cancellation, options.Batch), LazyThreadSafetyMode.None);
    }

    /// <summary>Widths that the runtime likes.</summary>
    public LikedWidths Widths { get; }

    /// <summary>What choices take; layers are timed when it is first asked for.</summary>
    public LatencyCost Cost => _cost.Value;

    private int? Alignment => _options.Alignment ?? Widths.Convolution;

    /// <summary>Time that was spent on measuring nodes.</summary>
    public TimeSpan Spent => _timer.Spent;

    /// <summary>Measures what is not known from an earlier run.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="model">The model.</param>
    /// <param name="analysis">Its analysis.</param>
    /// <param name="samples">The first of them are run.</param>
    /// <param name="options">Threads, alignment, cache.</param>
    /// <param name="cancellation">Stops between runs, also of what is measured later.</param>
    public static LatencyTables Measure(
        IModelRuntime runtime, OnnxModel model, ModelAnalysis analysis, ISampleSource samples, TimingOptions options, CancellationToken cancellation)
    {
        var cache = NodeTimeCache.Open(options.CacheFolder, runtime.Version, options.Threads);
        var timer = new NodeTimer(runtime, new NodeTimingOptions { Threads = options.Threads }, cache);
        var widths = LikedWidths.Measure(timer, cancellation);
        var feeds = samples.Read(SampleBatches.Timed(samples, model.Inputs, options.Batch));
        var whole = timer.TimeModel(model, feeds, cancellation);
        return new(timer, cache, widths, analysis, options, whole, cancellation);
    }

    /// <summary>What choices take where layers are in 8 bits.</summary>
    /// <param name="share">The share of the model's time that it takes in 8 bits.</param>
    /// <param name="cancellation">Stops between runs, also of what is measured later.</param>
    public LatencyCost InBytes(double share, CancellationToken cancellation) =>
        new(_analysis, _timer, share * Cost.WholeMilliseconds, Alignment, cancellation, _options.Batch, inBytes: true);

    /// <summary>Keeps what was measured for the next run, where there is a folder for it.</summary>
    public void Keep() => _cache.Keep();
}
