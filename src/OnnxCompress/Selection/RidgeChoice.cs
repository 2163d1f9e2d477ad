using OnnxCompress.Numerics;
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
    /// <param name="order">Orders with a ridge, on any thread.</param>
    /// <param name="backend">Multiplies.</param>
    /// <param name="cancellation">Stops between ridges.</param>
    public static ChannelCurve Best(
        IReadOnlyList<ConsumerMoments> consumers, Func<double, IReadOnlyList<ConsumerFolds>, ChannelCurve> order, IDenseBackend backend, CancellationToken cancellation)
    {
        var judged = Judged(consumers, order, backend, cancellation);
        if (IsAmple(consumers))
        {
            return judged;
        }

        // With few rows every one counts: the errors are those of the folds, the order is that of all data.
        return judged with { Order = order(judged.Ridge, [.. consumers.Select(c => new ConsumerFolds(c, c.Total(), null, backend))]).Order };
    }

    private static bool IsAmple(IReadOnlyList<ConsumerMoments> consumers) =>
        consumers.All(c => c.Rows >= (long)AmpleRowsPerChannel * c.Consumer.Channels.Length);

    private static ChannelCurve Judged(
        IReadOnlyList<ConsumerMoments> consumers, Func<double, IReadOnlyList<ConsumerFolds>, ChannelCurve> order, IDenseBackend backend, CancellationToken cancellation)
    {
        // What ridges share is made once.
        ConsumerFolds[] folds = [.. consumers.Select(c => Folds(c, backend))];
        if (IsAmple(consumers))
        {
            return order(Ridges[0], folds);
        }

        var curves = new ChannelCurve[Ridges.Length];
        var entries = consumers.Sum(c => (long)c.Consumer.Channels.Length * c.Consumer.Channels.Length);
        ParallelWork.For(curves.Length, entries > MostBeside ? 1 : backend.Threads, i => curves[i] = order(Ridges[i], folds), cancellation);
        return curves.MinBy(curve => curve.Errors.Sum())!;
    }

    private static ConsumerFolds Folds(ConsumerMoments consumer, IDenseBackend backend)
    {
        var fit = consumer.Fit();
        return new(consumer, fit, consumer.Check() ?? fit, backend);
    }
}
