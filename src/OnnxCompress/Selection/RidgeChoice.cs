using OnnxCompress.Running;
using OnnxCompress.Selection.Interpolative;

namespace OnnxCompress.Selection;

/// <summary>Chooses the ridge of an ordering on the fold that it was not fitted to.</summary>
internal static class RidgeChoice
{
    /// <summary>With this many rows for each channel a ridge cannot help, and none is tried.</summary>
    private const int AmpleRowsPerChannel = 100;

    /// <summary>Entries of the consumers' Grams beyond which one ridge is tried at a time: each holds seven such matrices.</summary>
    private const long MostBeside = 1 << 21;

    private static readonly double[] Ridges = [ChannelMixing.SmallestRidge, 1e-2];

    /// <summary>The curve with the ridge that does best.</summary>
    /// <param name="consumers">Their rows say whether there is a choice.</param>
    /// <param name="order">
    /// Orders with a ridge, on any thread; the second argument says which moments are fitted to and which judge, null where only
    /// the order is wanted.
    /// </param>
    /// <param name="threads">Ridges that are tried side by side at most.</param>
    /// <param name="cancellation">Stops between ridges.</param>
    public static ChannelCurve Best(
        IReadOnlyList<ConsumerMoments> consumers,
        Func<double, Func<ConsumerMoments, (ChannelMoments Fit, ChannelMoments? Judged)>, ChannelCurve> order,
        int threads,
        CancellationToken cancellation)
    {
        if (consumers.All(c => c.Rows >= (long)AmpleRowsPerChannel * c.Consumer.Channels.Length))
        {
            return order(Ridges[0], Folds);
        }

        var curves = new ChannelCurve[Ridges.Length];
        var entries = consumers.Sum(c => (long)c.Consumer.Channels.Length * c.Consumer.Channels.Length);
        ParallelWork.For(curves.Length, entries > MostBeside ? 1 : threads, i => curves[i] = order(Ridges[i], Folds), cancellation);
        var judged = curves.MinBy(curve => curve.Errors.Sum())!;
        // With few rows every one counts: the errors are those of the folds, the order is that of all data.
        return judged with { Order = order(judged.Ridge, All).Order };
    }

    private static (ChannelMoments Fit, ChannelMoments? Judged) Folds(ConsumerMoments consumer)
    {
        var fit = consumer.Fit();
        return (fit, consumer.Check() ?? fit);
    }

    private static (ChannelMoments Fit, ChannelMoments? Judged) All(ConsumerMoments consumer) => (consumer.Total(), null);
}
