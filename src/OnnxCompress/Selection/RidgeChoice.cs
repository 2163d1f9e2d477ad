using OnnxCompress.Selection.Interpolative;

namespace OnnxCompress.Selection;

/// <summary>Chooses the ridge of an ordering on the fold that it was not fitted to.</summary>
internal static class RidgeChoice
{
    /// <summary>With this many rows for each channel a ridge cannot help, and none is tried.</summary>
    private const int AmpleRowsPerChannel = 100;

    private static readonly double[] Ridges = [ChannelMixing.SmallestRidge, 1e-2];

    /// <summary>The curve with the ridge that does best.</summary>
    /// <param name="consumers">Their rows say whether there is a choice.</param>
    /// <param name="order">Orders with a ridge; the second argument says which moments are fitted to and which judge.</param>
    public static ChannelCurve Best(
        IReadOnlyList<ConsumerMoments> consumers,
        Func<double, Func<ConsumerMoments, (ChannelMoments Fit, ChannelMoments Judged)>, ChannelCurve> order)
    {
        if (consumers.All(c => c.Rows >= (long)AmpleRowsPerChannel * c.Consumer.Channels.Length))
        {
            return order(Ridges[0], Folds);
        }

        var judged = Ridges.Select(ridge => order(ridge, Folds)).MinBy(curve => curve.Errors.Sum())!;
        // With few rows every one counts: the errors are those of the folds, the order is that of all data.
        return judged with { Order = order(judged.Ridge, All).Order };
    }

    private static (ChannelMoments Fit, ChannelMoments Judged) Folds(ConsumerMoments consumer)
    {
        var fit = consumer.Fit();
        return (fit, consumer.Check() ?? fit);
    }

    private static (ChannelMoments Fit, ChannelMoments Judged) All(ConsumerMoments consumer)
    {
        var all = consumer.Total();
        return (all, all);
    }
}
