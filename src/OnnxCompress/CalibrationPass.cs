using OnnxCompress.Calibration;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Precision;
using OnnxCompress.Reconstruction;
using OnnxCompress.Running;
using OnnxCompress.Samples;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Selection.Scores;
using OnnxCompress.Vocabularies;

namespace OnnxCompress;

/// <summary>Takes statistics of a model.</summary>
/// <param name="prepared">The model.</param>
/// <param name="runtime">Runs it.</param>
/// <param name="options">Methods, threads, batch size and cache.</param>
internal sealed class CalibrationPass(PreparedModel prepared, IModelRuntime runtime, CompressionOptions options)
{
    /// <summary>
    /// Whether ranges of activations are counted too, and what layers in few bits read: statistics that go to a file have to do without the
    /// samples later. Who has those finds ranges in the network that is put into few bits, which has lost channels by then.
    /// </summary>
    public bool TakesRanges { get; init; }

    /// <summary>What could not be known; null where nothing is missing, or statistics were there already.</summary>
    public Diagnostic? Warning { get; private set; }

    /// <summary>Takes the statistics that the methods need.</summary>
    /// <param name="samples">Calibration data.</param>
    /// <param name="progress">Told where the run stands.</param>
    /// <param name="observer">Sees the same runs; null for none.</param>
    /// <param name="cancellation">Stops the run.</param>
    public CalibrationStatistics Run(ISampleSource samples, IProgress<ProgressUpdate>? progress, IRunObserver? observer, CancellationToken cancellation)
    {
        var (model, analysis) = (prepared.Model, prepared.Analysis);
        var places = TakesRanges ? PlaceFinder.Find(model, analysis.Relations.Shapes, Widest, KnownRanges.FromSamples) : null;
        IReadOnlyList<string> ranged = places?.Observed ?? [];
        ChannelTap[] taps = [.. Taps(StageOptions.Methods(options)), .. places is null ? [] : ReadBy(places)];
        var mask = StageOptions.Mask(options, model);
        var most = OriginalOutputs.BatchesWithin(options.MemoryBytes, analysis.Relations, options.BatchSize);
        ChannelTap[] split = StageOptions.Methods(options).Contains(CompressionMethod.LowRank) ? [.. LayerProblems.Outputs(analysis)] : [];
        CalibrationStatistics Take()
        {
            var statistics = new Calibrator(runtime, options.Threads, options.BatchSize) { Mask = mask, Ranged = ranged, MostAtOnce = most }.Run(
                model, analysis.Relations.Shapes, taps, samples, progress, observer, cancellation);
            Warning = new Sensitivity(runtime, options.Threads) { Mask = mask, MostHeld = options.MemoryBytes / OriginalOutputs.BytesOfSample(analysis.Relations) }.Take(model, analysis.Relations.Shapes, split, samples, statistics, cancellation);
            return statistics;
        }

        return options.CacheFolder is { } folder
            ? new StatisticsCache(folder) { Ranged = ranged, Rows = RowRanges.Text(options.Cuts) }.Get(
                model, [.. taps, .. split.Select(tap => Sensitivity.Of(tap)!)], samples, options.BatchSize, mask, Take, cancellation)
            : Take();
    }

    /// <summary>Every layer that could be in 8 bits: what a run will leave out is not known yet.</summary>
    private QuantizerOptions Widest => new(StageOptions.Reconstruction(options), new WeightGrid(WeightGrid.Full)) { Form = NumberForm.Int8 };

    private IEnumerable<ChannelTap> Taps(IReadOnlyCollection<CompressionMethod> methods) =>
        (methods.Any(ChannelSelector.IsChannelMethod) ? prepared.Analysis.Groups.SelectMany(g => g.ConsumerLayers).SelectMany(ChannelTap.AllOf) : [])
            .Concat(methods.Contains(CompressionMethod.Coreset) ? PointNorms.Taps(prepared.Analysis) : [])
            .Concat(prepared.Analysis.Groups.Where(g => g.Stream is not null).SelectMany(g => g.Stream!.Readers.Select(r => ChannelTap.Of(r, g.Channels))))
            .Concat(methods.Contains(CompressionMethod.LowRank) ? LayerProblems.Taps(prepared.Analysis).Concat(ScoreMoments.Taps(prepared.Analysis)) : []);

    /// <summary>What layers read whose weights are rounded: errors of one move into others, and biases follow means.</summary>
    private IEnumerable<ChannelTap> ReadBy(QuantisedPlaces places) =>
        places.Walked.Select(map => ChannelTap.OfInput(map, prepared.Analysis.Relations.Shapes)).OfType<ChannelTap>();
}
