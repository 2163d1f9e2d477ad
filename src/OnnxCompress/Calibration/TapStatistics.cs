using OnnxCompress.Numerics;

namespace OnnxCompress.Calibration;

/// <summary>
/// Statistics of one tap in two folds of the data: what is solved for on one is judged on the other, so that an error
/// curve tells what unseen data will see and not how well few samples were fitted. Additive like its folds.
/// </summary>
/// <param name="channels">Number of channels.</param>
internal sealed class TapStatistics(int channels)
{
    /// <summary>Number of channels.</summary>
    public int Channels => channels;

    /// <summary>What choices are made on.</summary>
    public ChannelStatistics Fit { get; } = new(channels);

    /// <summary>What choices are judged on.</summary>
    public ChannelStatistics Check { get; } = new(channels);

    /// <summary>Rows in both folds.</summary>
    public long Rows => Fit.Rows + Check.Rows;

    /// <summary>Both folds together, for the final solution.</summary>
    public ChannelStatistics Total()
    {
        var total = new ChannelStatistics(channels);
        total.Add(Fit);
        total.Add(Check);
        return total;
    }

    /// <summary>The statistics of some of the channels.</summary>
    /// <param name="kept">Which, in the order wanted.</param>
    public TapStatistics Select(int[] kept)
    {
        var selected = new TapStatistics(kept.Length);
        selected.Fit.Add(Fit.Select(kept));
        selected.Check.Add(Check.Select(kept));
        return selected;
    }

    /// <summary>The statistics of rows that were multiplied with a matrix.</summary>
    /// <param name="apply">Multiplies one row, in place.</param>
    public TapStatistics Turned(RowTurn apply)
    {
        var turned = new TapStatistics(channels);
        turned.Fit.Add(Fit.Turned(apply));
        turned.Check.Add(Check.Turned(apply));
        return turned;
    }

    /// <summary>The statistics of linear combinations of the channels.</summary>
    /// <param name="map"><c>channels x made</c>: one column for each; those that are not made say nothing.</param>
    /// <param name="backend">Multiplies.</param>
    public TapStatistics Turned(Matrix<double> map, IDenseBackend backend)
    {
        var turned = new TapStatistics(channels);
        turned.Fit.Add(Fit.Turned(map, backend));
        turned.Check.Add(Check.Turned(map, backend));
        return turned;
    }

    /// <summary>Adds the statistics of other data.</summary>
    public void Add(TapStatistics other)
    {
        Fit.Add(other.Fit);
        Check.Add(other.Check);
    }
}
