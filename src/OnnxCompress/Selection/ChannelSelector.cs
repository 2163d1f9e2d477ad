using OnnxCompress.Calibration;
using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Running;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Selection.Interpolative;
using OnnxCompress.Selection.Redundancy;
using OnnxCompress.Selection.Streams;

namespace OnnxCompress.Selection;

/// <summary>Orders the channels of every group by the methods that may be used, and takes the better order of each group.</summary>
/// <param name="model">The model.</param>
/// <param name="analysis">Its analysis.</param>
/// <param name="statistics">Its statistics.</param>
/// <param name="backend">Factorises.</param>
/// <param name="options">Methods, of which those that choose no channels are passed over; rule and alignment.</param>
internal sealed class ChannelSelector(
    OnnxModel model, ModelAnalysis analysis, CalibrationStatistics statistics, IDenseBackend backend, SelectionOptions options)
{
    /// <summary>Entries of its consumers' Grams beyond which a group is ordered by itself: memory for several would be taken at once.</summary>
    private const long MostBeside = 1 << 22;

    /// <summary>What is known from an earlier run, in the order of groups; empty for nothing.</summary>
    public IReadOnlyList<ChannelCurve> Known { get; init; } = [];

    /// <summary>One candidate for each group that a method may cut: streams are turned by low rank, the others lose channels by the others.</summary>
    public SiteCandidate[] Select(CancellationToken cancellation)
    {
        ChannelGroup[] groups = [.. analysis.Groups.Where(g => options.Methods.Any(m => Cuts(m, g)))];
        var sites = new SiteCandidate[groups.Length];
        var discarded = new DiscardedMemory();
        void SelectSite(int i)
        {
            var group = groups[i];
            if (group.Stream is not null)
            {
                sites[i] = new SiteCandidate(group, new StreamCurve(model, analysis, statistics, backend).Of(group, cancellation), options.Alignment);
                return;
            }

            // The shorter sum is the lower curve; ties go to the method that was named first.
            var curve = Known.ElementAtOrDefault(i) ?? options.Methods.Where(IsChannelMethod).Select(m => Curve(m, group, cancellation)).MinBy(c => c.Errors.Sum())!;
            sites[i] = new SiteCandidate(group, curve, options.Alignment)
            {
                Exchange = curve.Method == CompressionMethod.Interpolative && options.Rule == ChannelSelection.StrongRrqr ? (kept, token) => Exchange(group, kept, curve.Ridge, token) : null,
            };
            // Read as numbers, laid out as a matrix, and grams of a size like it.
            discarded.Add(group.ConsumerLayers.Sum(c => 4 * sizeof(float) * model.Graph.Constant(c.Layer.Weight)!.Count));
        }

        var (wide, others) = Split(Enumerable.Range(0, sites.Length), i => groups[i].Stream is not null || EntriesOf(groups[i]) > MostBeside);
        ParallelWork.For(others.Length, backend.Threads, i => SelectSite(others[i]), cancellation);
        Array.ForEach(wide, SelectSite);
        return sites;
    }

    /// <summary>Whether a method chooses channels.</summary>
    public static bool IsChannelMethod(CompressionMethod method) => method is not (CompressionMethod.LowRank or CompressionMethod.Depth);

    private static bool Cuts(CompressionMethod method, ChannelGroup group) => group.Stream is not null ? method == CompressionMethod.LowRank : IsChannelMethod(method);

    private static long EntriesOf(ChannelGroup group) => group.ConsumerLayers.Sum(c => (long)c.Channels.Length * c.Channels.Length);

    private static (int[] Yes, int[] No) Split(IEnumerable<int> all, Func<int, bool> isOne)
    {
        var parts = all.ToLookup(isOne);
        return ([.. parts[true]], [.. parts[false]]);
    }

    private ChannelCurve Curve(CompressionMethod method, ChannelGroup group, CancellationToken cancellation)
    {
        var moments = Moments(group, centre: method != CompressionMethod.Coreset && options.Rule == ChannelSelection.Target);
        return method switch
        {
            CompressionMethod.Interpolative => GreedySelection.Run(group, moments, options.Rule, backend, cancellation),
            CompressionMethod.Redundancy => BackwardElimination.Run(group, moments, backend, cancellation),
            CompressionMethod.Coreset => CoresetCurve.Of(group, Sensitivities(group), moments),
            _ => throw new ArgumentOutOfRangeException(nameof(method), method, "It chooses no channels."),
        };
    }

    private ConsumerMoments[] Moments(ChannelGroup group, bool centre) =>
        [.. group.ConsumerLayers.Select(c => new ConsumerMoments(c, model.Graph, statistics, backend, centre))];

    /// <summary>Moments are read again: those of all sites at once would not fit beside a large model.</summary>
    private bool[] Exchange(ChannelGroup group, bool[] kept, double ridge, CancellationToken cancellation)
    {
        var gains = Moments(group, centre: false).Select(m => new ExchangeGains(m.Consumer.Channels, group.Channels, m.Total().Gram, ridge, backend));
        return ChannelExchange.Improve(group, [.. gains], kept, cancellation);
    }

    private ChannelSensitivities Sensitivities(ChannelGroup group) =>
        ChannelSensitivities.Of(group, model.Graph, new ChannelBounds(analysis.Relations, new PointNorms(analysis, statistics)), backend);
}
