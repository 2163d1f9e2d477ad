using OnnxCompress.Dependencies;
using OnnxCompress.Timing;

namespace OnnxCompress.Selection;

/// <summary>A channel group with its error curve, and which channels stay at each width.</summary>
/// <param name="group">The group.</param>
/// <param name="curve">Its curve.</param>
/// <param name="alignment">What the kept channels of each segment are a multiple of.</param>
internal sealed class SiteCandidate(ChannelGroup group, ChannelCurve curve, WidthAlignment alignment)
{
    private readonly int[] _segmentOf = group.SegmentOf();

    /// <summary>The group.</summary>
    public ChannelGroup Group => group;

    /// <summary>The curve.</summary>
    public ChannelCurve Curve => curve;

    /// <summary>Swaps channels of a choice that is made; null leaves it.</summary>
    public Func<bool[], CancellationToken, bool[]>? Exchange { get; init; }

    private double Weight { get; init; } = 1;

    /// <summary>The same site with errors that count more or less than those of others.</summary>
    public SiteCandidate Weighted(double weight) => weight == 1 ? this : new(group, curve, alignment) { Weight = weight, Exchange = Exchange };

    /// <summary>
    /// The channels that stay when the first <paramref name="width"/> of the order are wanted: each segment is filled up
    /// to a multiple of its alignment with the next in the order.
    /// </summary>
    public bool[] Keep(int width)
    {
        var kept = new bool[group.Channels];
        var counts = new int[group.Segments.Count];
        for (var i = 0; i < width; i++)
        {
            kept[curve.Order[i]] = true;
            counts[_segmentOf[curve.Order[i]]]++;
        }

        for (var i = 0; i < group.Channels; i++)
        {
            var channel = curve.Order[i];
            var segment = _segmentOf[channel];
            if (!kept[channel] && (counts[segment] < Wanted(segment, counts[segment]) || !group.IsFree[channel]))
            {
                kept[channel] = true;
                counts[segment]++;
            }
        }

        return kept;
    }

    /// <summary>
    /// What a width costs the network: the sum of the errors of all consumers. A residual stream that twenty layers read
    /// puts its error into each of them and into every later sum, where no later weights can mend it (measured on
    /// ResNet-20: the root of the summed squares keeps 1.5 points fewer decisions at the same size).
    /// </summary>
    public double LevelOf(int width) => Weight * curve.Errors[width] * group.ConsumerLayers.Count;

    /// <summary>At least one, a multiple of the alignment, and never more than there are.</summary>
    private int Wanted(int segment, int count)
    {
        var size = group.Segments[segment].Length;
        var multiple = alignment.Of(size, group.IsConvolved);
        return Math.Min(size, (Math.Max(count, 1) + multiple - 1) / multiple * multiple);
    }
}
