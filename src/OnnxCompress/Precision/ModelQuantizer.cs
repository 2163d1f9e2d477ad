using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Samples;

namespace OnnxCompress.Precision;

/// <summary>Puts a model into 8 bits: ranges from the data, weights by feedback, biases last.</summary>
/// <param name="runtime">Where models run.</param>
/// <param name="backend">Does the linear algebra.</param>
/// <param name="samples">Calibration data.</param>
/// <param name="hasData">Whether the samples say anything about what the network sees; else they serve for shapes only.</param>
/// <param name="options">How.</param>
internal sealed class ModelQuantizer(IModelRuntime runtime, IDenseBackend backend, ISampleSource samples, bool hasData, QuantizerOptions options)
{
    /// <summary>Operator sets before it dequantize whole tensors only, not each output channel.</summary>
    private const long OldestOpset = 13;

    /// <summary>Statistics of the original, which stand in where the samples say nothing; null without any.</summary>
    public CalibrationStatistics? Statistics { get; init; }

    private KnownRanges Ranges => hasData ? KnownRanges.FromSamples : Statistics is { } known ? KnownRanges.Of(known) : KnownRanges.None;

    /// <summary>Refuses models that whole numbers cannot be written for.</summary>
    /// <param name="model">The model.</param>
    /// <param name="form">The numbers that are asked for.</param>
    /// <exception cref="OnnxCompressException">OCX6004.</exception>
    public static void Check(OnnxModel model, NumberForm form)
    {
        if (form != NumberForm.Float16 && model.Opset < OldestOpset)
        {
            throw new OnnxCompressException(
                DiagnosticCodes.PrecisionNeedsOpset,
                $"The model is of operator set {model.Opset}; DequantizeLinear for each output channel came with {OldestOpset}. Convert it with the ONNX version converter, or leave --precision at float.");
        }
    }

    /// <summary>The same with layers that keep more bits than the form has, and channels as kernels on bytes read them.</summary>
    /// <param name="wider">Numbers of those layers, by name.</param>
    /// <param name="padsInputs">Whether convolutions read channels in fours.</param>
    public ModelQuantizer With(IReadOnlyDictionary<string, NumberForm> wider, bool padsInputs) => wider.Count == 0 && padsInputs == options.PadsInputs
        ? this
        : new ModelQuantizer(runtime, backend, samples, hasData, options with { Wider = wider, PadsInputs = padsInputs }) { Statistics = Statistics };

    /// <summary>The model in 8 bits.</summary>
    /// <param name="model">The model in single floats; not changed.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    /// <exception cref="OnnxCompressException">OCX6004: its operator set is too old.</exception>
    public QuantisedModel Quantize(OnnxModel model, CancellationToken cancellation) => Quantize(model, null, cancellation);

    /// <summary>The model in 8 bits.</summary>
    /// <param name="model">The model in single floats; not changed.</param>
    /// <param name="remaining">Which channels of the original are left; null: all.</param>
    /// <param name="cancellation">Stops between and inside runs.</param>
    /// <exception cref="OnnxCompressException">OCX6004: its operator set is too old.</exception>
    public QuantisedModel Quantize(OnnxModel model, Shrinkage? remaining, CancellationToken cancellation)
    {
        Check(model, options.Form);
        options.RequireWider(model.Graph);
        var shapes = Shapes(model, cancellation);
        if (options.Form == NumberForm.Float16)
        {
            return new HalfPrecision(runtime, samples, hasData, options).Of(model, shapes, cancellation);
        }

        var made = model.Clone();
        var places = PlaceFinder.Find(made, shapes, options, Ranges);
        var pairs = new BytePairs(made.Graph);
        var rounded = RoundedWeights.For(places, options);
        // Tables are rounded first: the layers behind them make up for what they lose.
        foreach (var table in places.BlockTables)
        {
            BlockWriter.Round(made.Graph, table, rounded);
        }

        IReadOnlyList<Diagnostic> warnings = [];
        var target = new QuantisedGraph(model, shapes, made, places, pairs, rounded);
        if (hasData)
        {
            warnings = new NumbersFromSamples(runtime, backend, samples, options).Run(target, cancellation);
        }
        else if (Statistics is { } known)
        {
            warnings = new NumbersFromStatistics(backend, known, options).Run(target, remaining, cancellation);
        }
        else
        {
            pairs.Add(places, new Dictionary<string, ByteScale>());
        }

        foreach (var map in places.WeightsAlone.Where(m => rounded.StepsOf(m.Weight) is null))
        {
            BlockWriter.Round(made.Graph, map, rounded);
        }

        var layers = PlaceWriter.Layers(places, rounded);
        PlaceWriter.Write(made, places, pairs, rounded, options);
        return new QuantisedModel(made, layers, warnings)
        {
            WeightBits = places.Static.Count + places.Dynamic.Count == 0 ? null : options.WeightBits,
        };
    }

    /// <summary>The model with the nodes and constants that it has in 8 bits, whose values mean nothing: for what it will weigh.</summary>
    /// <param name="model">The model in single floats; not changed.</param>
    /// <param name="cancellation">Stops the run.</param>
    public OnnxModel Outline(OnnxModel model, CancellationToken cancellation)
    {
        Check(model, options.Form);
        if (options.Form == NumberForm.Float16)
        {
            return new HalfPrecision(runtime, samples, hasData: false, options).Of(model, Shapes(model, cancellation), cancellation).Model;
        }

        var made = model.Clone();
        var places = PlaceFinder.Find(made, Shapes(model, cancellation), options, Ranges);
        WalkBiases.Add(made.Graph, places.Biased(made.Graph, Ranges.Any));
        var pairs = new BytePairs(made.Graph);
        pairs.Add(places, places.Observed.ToDictionary(t => t, _ => new ByteScale(1, 0), StringComparer.Ordinal));
        PlaceWriter.Write(made, places, pairs, RoundedWeights.For(places, options), options);
        return made;
    }

    /// <summary>Names of the layers that get a bias which they do not have in the model.</summary>
    /// <param name="model">The model in single floats; not changed.</param>
    /// <param name="cancellation">Stops the run.</param>
    public IReadOnlyList<string> Biased(OnnxModel model, CancellationToken cancellation)
    {
        if (options.Form == NumberForm.Float16)
        {
            return [];
        }

        var places = PlaceFinder.Find(model, Shapes(model, cancellation), options, Ranges);
        return [.. places.Biased(model.Graph, Ranges.Any).Select(map => map.Node.Name)];
    }

    private TensorShapes Shapes(OnnxModel model, CancellationToken cancellation) =>
        ShapeObserver.Observe(runtime, model, samples.Read(SampleBatches.Of(1, model.Inputs, preferred: 1).First().Indices), cancellation);
}
