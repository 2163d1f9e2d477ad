using OnnxCompress.Calibration;

namespace OnnxCompress.Precision;

/// <summary>Of which tensors the range can be known where a model is put into 8 bits.</summary>
internal sealed class KnownRanges
{
    private readonly CalibrationStatistics? _statistics;
    private readonly bool _all;
    private readonly IReadOnlySet<string> _without;

    private KnownRanges(CalibrationStatistics? statistics, bool all, IReadOnlySet<string> without) => (_statistics, _all, _without) = (statistics, all, without);

    private static IReadOnlySet<string> Nothing { get; } = new HashSet<string>();

    /// <summary>Those of all: there are samples to run.</summary>
    public static KnownRanges FromSamples { get; } = new(null, all: true, Nothing);

    /// <summary>None.</summary>
    public static KnownRanges None { get; } = new(null, all: false, Nothing);

    /// <summary>Whether there are any, or means of what layers read.</summary>
    public bool Any => _all || _statistics is not null;

    /// <summary>Those of tensors that were counted while the original was calibrated.</summary>
    public static KnownRanges Of(CalibrationStatistics statistics) => new(statistics, all: false, Nothing);

    /// <summary>Whether the range of a tensor is known.</summary>
    public bool Has(string tensor) => _all || _statistics?.Ranges.ContainsKey(tensor) == true;

    /// <summary>Why a layer has no ranges; null for one that may have.</summary>
    /// <param name="layer">Name of its node.</param>
    public string? Lacks(string layer) =>
        _all ? null
        : _statistics is null ? "the ranges of its input and output come from data: give -d PATH, or --statistics PATH"
        : _statistics.Ranges.Count == 0 ? "the statistics hold no ranges, as those of earlier versions: calibrate again"
        : _without.Contains(layer) ? "the statistics hold no range of what it reads or makes, which the original does not have"
        : null;

    /// <summary>The same without layers whose ranges turn out to be unknown; null where there are none.</summary>
    /// <param name="places">Where 8 bits would be.</param>
    public KnownRanges? Without(QuantisedPlaces places)
    {
        bool IsUnknown(string tensor) => places.Tensors.Contains(tensor) && !Has(places.RootOf(tensor));
        string[] lacking = [.. places.Static.Where(map => IsUnknown(map.Input) || IsUnknown(places.MadeBy(map))).Select(map => map.Node.Name)];
        return lacking.Length == 0 ? null : new(_statistics, _all, _without.Concat(lacking).ToHashSet(StringComparer.Ordinal));
    }
}
