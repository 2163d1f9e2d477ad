using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Precision;

/// <summary>Puts a model into half floats: its weights where it runs on a processor, all of it where it runs on a GPU.</summary>
/// <param name="runtime">Where models run.</param>
/// <param name="samples">Calibration data.</param>
/// <param name="hasData">Whether the samples say anything about what the network sees.</param>
/// <param name="options">For which nodes, and where the model will run.</param>
internal sealed class HalfPrecision(IModelRuntime runtime, ISampleSource samples, bool hasData, QuantizerOptions options)
{
    private const string OutOfRange = "values that it reads or makes may leave the range of half floats";

    /// <summary>The model in half floats.</summary>
    /// <param name="model">The model in single floats; not changed.</param>
    /// <param name="shapes">Its shapes and types.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    public QuantisedModel Of(OnnxModel model, TensorShapes shapes, CancellationToken cancellation)
    {
        var made = model.Clone();
        if (options.Target != RunTarget.Gpu)
        {
            return new QuantisedModel(made, HalfStorage.Apply(made, options.IsSelected), []);
        }

        var tooLarge = hasData ? TooLarge(model, shapes, cancellation) : new HashSet<string>();
        var layers = UnknownLayers.All(made).ToArray();
        var inHalf = new HalfGraph(made, shapes, options.IsSelected, tooLarge).Apply();
        // Weights of nodes that compute in single floats are stored in half ones all the same.
        var stored = HalfStorage.Apply(made, options.IsSelected).Where(l => l.Reason is not null).ToLookup(l => l.Layer, l => l.Reason, StringComparer.Ordinal);
        var entries = layers.Select(w => inHalf.Contains(w.Reader.Name) && w.Inside is null
            ? new LayerPrecision(w.Reader.Name, LayerPrecision.Half) { Parameters = w.Elements }
            : new LayerPrecision(w.Reader.Name, LayerPrecision.Float)
            {
                Parameters = w.Elements,
                Reason = stored[w.Reader.Name].FirstOrDefault() ?? (w.Reader.Inputs.Concat(w.Reader.Outputs).Any(tooLarge.Contains) ? OutOfRange : $"this form of {w.Reader.OpType} is not computed in half floats"),
            }).ToArray();
        return new QuantisedModel(made, [.. entries.Where(l => l.Reason is null), .. entries.Where(l => l.Reason is not null)], []);
    }

    private HashSet<string> TooLarge(OnnxModel model, TensorShapes shapes, CancellationToken cancellation)
    {
        string[] tensors = [.. model.Inputs.Select(i => i.Name).Concat(model.Graph.Nodes.SelectMany(n => n.Outputs)).Where(t => t.Length > 0 && shapes.TypeOf(t) == ElementType.Float)];
        var batches = new FoldBatches(samples, model.Inputs, options.Walk.BatchSize, cancellation);
        return new RangeObserver(batches, tensors, options.Walk.Threads).Run(runtime, model, cancellation)
            .Where(h => h.Value.NonFinite > 0 || Math.Max(h.Value.Greatest, -h.Value.Least) > HalfGraph.LargestSeen).Select(h => h.Key).ToHashSet(StringComparer.Ordinal);
    }
}
