using OnnxCompress.Dependencies;
using OnnxCompress.Samples;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;

namespace OnnxCompress.Calibration;

/// <summary>Everything the later stages need to know of the data: one entry for each tap. Additive.</summary>
public sealed class CalibrationStatistics
{
    private readonly SortedDictionary<string, TapStatistics> _taps = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, TensorHistogram> _ranges = new(StringComparer.Ordinal);

    internal CalibrationStatistics(string modelSha256) => ModelSha256 = modelSha256;

    /// <summary>The model the statistics belong to.</summary>
    public string ModelSha256 { get; }

    /// <summary>Samples seen.</summary>
    public long Samples { get; internal set; }

    /// <summary>Different samples seen.</summary>
    public int DistinctSamples => Seen.Count;

    /// <summary>Places of the model where statistics were taken.</summary>
    public int Places => _taps.Count;

    /// <summary>Tensors of the model whose values were counted, from which their ranges in 8 bits follow; none in files of versions before 4.</summary>
    public int RangedTensors => _ranges.Count;

    /// <summary>
    /// What the model was fed, 64 bits for each sample: what was calibrated on proves nothing as a held-out sample, in whatever
    /// element type it comes again.
    /// </summary>
    internal SortedSet<ulong> Seen { get; } = [];

    internal IReadOnlyDictionary<string, TapStatistics> Taps => _taps;

    /// <summary>Values of tensors, by name.</summary>
    internal IReadOnlyDictionary<string, TensorHistogram> Ranges => _ranges;

    /// <summary>Whether the statistics were taken from a sample that fed the model the same, among others.</summary>
    /// <param name="samples">Where the sample is.</param>
    /// <param name="index">Which one.</param>
    public bool HasSeen(ISampleSource samples, int index) => HasSeen(FedContent.Of(samples, index));

    /// <summary>Whether the statistics were taken from a sample with this content.</summary>
    /// <param name="content">See <see cref="FedContent"/>.</param>
    public bool HasSeen(UInt128 content) => Seen.Contains(Shorten(content));

    /// <summary>How many different samples both have seen.</summary>
    public int CountShared(CalibrationStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.Seen.Count(Seen.Contains);
    }

    /// <summary>Adds the statistics of other data, taken from the same model.</summary>
    /// <exception cref="OnnxCompressException">OCX3011: they belong to another model, or other places of it.</exception>
    public void Add(CalibrationStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.ModelSha256 == ModelSha256 && (_ranges.Count == 0) != (other._ranges.Count == 0))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.StatisticsMismatch,
                "Some of the statistics have no ranges of activations, as those of earlier versions: ranges of parts of the data would pass for those of all; calibrate these parts again.");
        }

        if (other.ModelSha256 != ModelSha256 || !other._taps.Select(t => (t.Key, t.Value.Channels)).SequenceEqual(_taps.Select(t => (t.Key, t.Value.Channels)))
            || !other._ranges.Keys.SequenceEqual(_ranges.Keys))
        {
            throw new OnnxCompressException(
                DiagnosticCodes.StatisticsMismatch,
                "The statistics belong to another model, or were taken at other places of it; calibrate this model again.");
        }

        foreach (var (key, statistics) in other._taps)
        {
            _taps[key].Add(statistics);
        }

        foreach (var (tensor, values) in other._ranges)
        {
            _ranges[tensor].Add(values);
        }

        Samples += other.Samples;
        Seen.UnionWith(other.Seen);
    }

    /// <summary>Reads a statistics file.</summary>
    /// <exception cref="OnnxCompressException">OCX3001 or OCX3013: the file cannot be used; the message says why.</exception>
    public static CalibrationStatistics Load(string path) => StatisticsFile.Read(path);

    /// <summary>Writes a statistics file, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Save(string path) => StatisticsFile.Write(path, this);

    /// <summary>Statistics without taps yet, of samples that are about to be run.</summary>
    internal static CalibrationStatistics Begin(OnnxModel model, ISampleSource samples, CancellationToken cancellation)
    {
        var statistics = new CalibrationStatistics(model.SourceSha256) { Samples = samples.Count };
        for (var index = 0; index < samples.Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            statistics.Seen.Add(Shorten(FedContent.Of(samples, index)));
        }

        return statistics;
    }

    private static ulong Shorten(UInt128 content) => (ulong)(content >> 64);

    internal TapStatistics Of(ChannelTap tap) => _taps.TryGetValue(tap.Key, out var found) && found.Channels == tap.Channels
        ? found
        : throw Lacking(tap);

    /// <summary>The statistics of what a consumer of channels reads, in all its uses.</summary>
    internal TapStatistics Of(GroupConsumer consumer)
    {
        if (consumer.Sharers.Count == 0)
        {
            return Of(ChannelTap.Of(consumer));
        }

        var all = new TapStatistics(consumer.Channels.Length);
        foreach (var tap in ChannelTap.AllOf(consumer).DistinctBy(t => t.Key, StringComparer.Ordinal))
        {
            all.Add(Of(tap));
        }

        return all;
    }

    /// <summary>The statistics at a place; null where none were taken there.</summary>
    /// <exception cref="OnnxCompressException">OCX3011: they were taken of another number of channels.</exception>
    internal TapStatistics? Find(ChannelTap? tap) =>
        tap is null || !_taps.TryGetValue(tap.Key, out var found) ? null : found.Channels == tap.Channels ? found : throw Lacking(tap);

    /// <summary>The same statistics with others in the place of some.</summary>
    /// <param name="replaced">By key.</param>
    internal CalibrationStatistics With(IReadOnlyDictionary<string, TapStatistics> replaced)
    {
        var copy = new CalibrationStatistics(ModelSha256) { Samples = Samples };
        copy.Seen.UnionWith(Seen);
        foreach (var (key, statistics) in _taps.Where(t => !replaced.ContainsKey(t.Key)).Concat(replaced))
        {
            copy._taps[key] = statistics;
        }

        foreach (var (tensor, values) in _ranges)
        {
            copy._ranges[tensor] = values;
        }

        return copy;
    }

    internal TapStatistics Open(string key, int channels)
    {
        if (!_taps.TryGetValue(key, out var found))
        {
            _taps[key] = found = new TapStatistics(channels);
        }

        return found;
    }

    /// <summary>What the values of a tensor are counted in.</summary>
    internal TensorHistogram OpenRange(string tensor)
    {
        if (!_ranges.TryGetValue(tensor, out var found))
        {
            _ranges[tensor] = found = new TensorHistogram();
        }

        return found;
    }

    /// <summary>Puts the values of a tensor in that were counted before.</summary>
    internal void SetRange(string tensor, TensorHistogram values) => _ranges.Add(tensor, values);

    private static OnnxCompressException Lacking(ChannelTap tap) => new(
        DiagnosticCodes.StatisticsMismatch,
        $"The statistics have no entry for '{tap.Tensor}' with {tap.Channels} channels; calibrate this model again.");
}
