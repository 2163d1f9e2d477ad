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

    private LatencyTables(NodeTimer timer, NodeTimeCache cache, LikedWidths widths, LatencyCost cost) =>
        (_timer, _cache, Widths, Cost) = (timer, cache, widths, cost);

    /// <summary>Widths that the runtime likes.</summary>
    public LikedWidths Widths { get; }

    /// <summary>What choices take.</summary>
    public LatencyCost Cost { get; }

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
        return new(timer, cache, widths, new LatencyCost(analysis, timer, whole, options.Alignment ?? widths.Convolution, cancellation, options.Batch));
    }

    /// <summary>Keeps what was measured for the next run, where there is a folder for it.</summary>
    public void Keep() => _cache.Keep();
}
