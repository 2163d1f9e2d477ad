using OnnxCompress.Dependencies;
using OnnxCompress.Timing;

namespace OnnxCompress.Selection;

/// <summary>A channel group with its error curve, and which channels stay at each width.</summary>
/// <param name="group">The group.</param>
/// <param name="curve">Its curve.</param>
/// <param name="alignment">What the kept channels of each segment are a multiple of.</param>
internal sealed class SiteCandidate(ChannelGroup group, ChannelCurve curve, WidthAlignment alignment)
{
    /// <summary>Errors below this are rounding of the statistics: what else a group has adds nothing.</summary>
    private const double Rounding = 2e-5;

    /// <summary>
    /// A layer that selects what it reads copies what it selects, for every run: with more than this share of its channels, it
    /// takes longer than with all of them (measured on products of 48 rows with 128 channels).
    /// </summary>
    private const double MostSelected = 0.75;

    private readonly int[] _segmentOf = group.SegmentOf();

    private readonly int _mostSelected = group.ConsumerLayers.Any(c => c.Layer.SelectsInput) ? (int)(MostSelected * group.Channels) : group.Channels;

    /// <summary>As many of the order as do all that the group does: the rest is dead, or says what these say.</summary>
    private readonly int _living = LivingIn(curve);

    /// <summary>By segment, those of them.</summary>
    private readonly int[] _livingOf = LivingOf(group, curve);

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
    /// to a width that is liked with the next in the order. Channels that add nothing fill up nothing, unless a multiple was
    /// asked for: what they cost is taken from living channels elsewhere. Between convolutions they fill up what the blocked
    /// layout needs, since any other width takes longer. Where layers select what they read, all stay unless many go.
    /// </summary>
    public bool[] Keep(int width)
    {
        if (group.Branch is not null)
        {
            return [width > 0];
        }

        var kept = new bool[group.Channels];
        var counts = new int[group.Segments.Count];
        var last = alignment.Fixed is null && !group.IsConvolved && width <= _living ? _living : group.Channels;
        for (var i = 0; i < width; i++)
        {
            kept[curve.Order[i]] = true;
            counts[_segmentOf[curve.Order[i]]]++;
        }

        for (var i = 0; i < group.Channels; i++)
        {
            var channel = curve.Order[i];
            var segment = _segmentOf[channel];
            var isWanted = counts[segment] < Wanted(segment, counts[segment]) && (i < last || counts[segment] == 0);
            if (!kept[channel] && (isWanted || !group.IsFree[channel]))
            {
                kept[channel] = true;
                counts[segment]++;
            }
        }

        if (kept.Count(k => k) > _mostSelected)
        {
            Array.Fill(kept, true);
        }

        return kept;
    }

    /// <summary>Whether a choice keeps all that does something.</summary>
    public bool IsComplete(bool[] kept) => curve.Order.Take(_living).All(channel => kept[channel]);

    /// <summary>
    /// What a width costs the network: the sum of the errors of all consumers. A residual stream that twenty layers read
    /// puts its error into each of them and into every later sum, where no later weights can mend it (measured on
    /// ResNet-20: the root of the summed squares keeps 1.5 points fewer decisions at the same size).
    /// </summary>
    public double LevelOf(int width) => Weight * curve.Errors[width] * Math.Max(1, group.Branch?.Readers.Count ?? group.ConsumerLayers.Count);

    /// <summary>At least one, a width that is liked, and never more than there are.</summary>
    private int Wanted(int segment, int count)
    {
        var size = group.Segments[segment].Length;
        return Math.Min(size, alignment.Next(Math.Max(count, 1), _livingOf[segment], group.IsConvolved));
    }

    private static int LivingIn(ChannelCurve curve) => Array.FindIndex(curve.Errors, e => e <= Rounding) is >= 0 and var at ? at : curve.Order.Length;

    /// <summary>By segment, the living channels.</summary>
    private static int[] LivingOf(ChannelGroup group, ChannelCurve curve)
    {
        var segmentOf = group.SegmentOf();
        var living = new int[group.Segments.Count];
        foreach (var channel in curve.Order.Take(LivingIn(curve)))
        {
            living[segmentOf[channel]]++;
        }

        return living;
    }
}
