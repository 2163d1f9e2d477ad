using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Running;

namespace OnnxCompress.Timing;

/// <summary>
/// What each layer takes longer in floating point than in 8 bits, timed on this machine: what keeping it in floating point costs. A layer
/// of bytes is timed between others of bytes; the conversions around one in floating point are not in it, so that models that mix both
/// are timed as a whole.
/// </summary>
internal static class ByteGains
{
    /// <summary>They order layers: what is not seen by then is told by its operations well enough.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    /// <summary>The same with a timer of its own, whose times are kept for the next run where there is a folder for it.</summary>
    /// <param name="runtime">The runtime.</param>
    /// <param name="model">The model in floating point, with what stays of it.</param>
    /// <param name="shapes">Shapes of the original.</param>
    /// <param name="options">Threads, batch, cache.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public static IReadOnlyDictionary<string, double> Measure(IModelRuntime runtime, OnnxModel model, TensorShapes shapes, TimingOptions options, CancellationToken cancellation)
    {
        var cache = NodeTimeCache.Open(options.CacheFolder, runtime.Version, options.Threads);
        var gains = Of(new NodeTimer(runtime, new NodeTimingOptions { Threads = options.Threads, Passes = 1, Limit = Limit }, cache), model.Graph, shapes, options.Batch, cancellation);
        cache.Keep();
        return gains;
    }

    /// <summary>By name, milliseconds; below zero where bytes are slower. Layers whose time is not known by their sizes are not in it.</summary>
    /// <param name="timer">Times nodes.</param>
    /// <param name="graph">The model in floating point, with what stays of it.</param>
    /// <param name="shapes">Shapes of the original: channels of it are not looked at.</param>
    /// <param name="batch">Samples in a run, unless the model fixes another number.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public static IReadOnlyDictionary<string, double> Of(INodeTimer timer, ModelGraph graph, TensorShapes shapes, int batch, CancellationToken cancellation)
    {
        (string Name, TimedNode Node)[] layers =
        [
            .. graph.Nodes.Select(n => LinearMap.Of(n, graph)).OfType<LinearMap>().Where(TimedPlace.TakesBytes)
                .Select(map => (map.Node.Name, Node: TimedChains.Of(map, shapes, batch))).Where(l => l.Node is not null).Select(l => (l.Name, l.Node!)),
        ];
        // Both in one go, so that what else the machine does hits them alike.
        var times = timer.Time([.. layers.SelectMany(l => new[] { new TimedChain(l.Node), new TimedChain(l.Node with { InBytes = true }) })], cancellation);
        var gains = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (i, layer) in layers.Index())
        {
            gains[layer.Name] = times[2 * i] - times[(2 * i) + 1];
        }

        return gains;
    }
}
