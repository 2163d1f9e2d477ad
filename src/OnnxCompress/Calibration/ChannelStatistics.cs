using OnnxCompress.Numerics;

namespace OnnxCompress.Calibration;

/// <summary>
/// Second moments of a tap: with Z the <c>rows x channels</c> matrix of all values seen, <c>Gram = Z^T Z</c> and
/// <c>Sums</c> its column sums. Additive: statistics of parts of the data add up to those of the whole.
/// </summary>
internal sealed class ChannelStatistics(int channels)
{
    /// <summary>Number of channels.</summary>
    public int Channels => channels;

    private double[]? _gram;

    /// <summary><c>channels x channels</c>, row-major, symmetric; takes memory only once it is asked for.</summary>
    public double[] Gram => _gram ??= new double[checked(channels * channels)];

    /// <summary>Column sums.</summary>
    public double[] Sums { get; } = new double[channels];

    /// <summary>Rows seen.</summary>
    public long Rows { get; private set; }

    /// <summary>Adds float blocks that the runtime has summed.</summary>
    /// <param name="grams">Any number of <c>channels x channels</c> blocks behind each other.</param>
    /// <param name="sums">As many blocks of <c>channels</c> column sums.</param>
    /// <param name="rows">Rows that all blocks stand for.</param>
    public void Add(ReadOnlySpan<float> grams, ReadOnlySpan<float> sums, long rows)
    {
        Accumulate(grams, Gram);
        Accumulate(sums, Sums);
        Rows += rows;
    }

    /// <summary>Adds rows.</summary>
    /// <param name="rows">One column for each channel.</param>
    /// <param name="backend">Sums their products.</param>
    public void Add(ReadOnlyMatrixView<float> rows, IDenseBackend backend)
    {
        backend.AddGram(rows, new MatrixView<double>(Gram, channels, channels));
        for (var i = 0; i < rows.Rows; i++)
        {
            var row = rows.Row(i);
            for (var j = 0; j < row.Length; j++)
            {
                Sums[j] += row[j];
            }
        }

        Rows += rows.Rows;
    }

    /// <summary>Adds the statistics of other data.</summary>
    public void Add(ChannelStatistics other)
    {
        if (other.Rows == 0)
        {
            return;
        }

        for (var i = 0; i < Gram.Length; i++)
        {
            Gram[i] += other.Gram[i];
        }

        for (var i = 0; i < Sums.Length; i++)
        {
            Sums[i] += other.Sums[i];
        }

        Rows += other.Rows;
    }

    /// <summary>The statistics of linear combinations of the channels, and of none behind these: <c>M^T Gram M</c> and <c>M^T Sums</c>.</summary>
    /// <param name="map">M, <c>channels x made</c>, no more than there are channels.</param>
    /// <param name="backend">Multiplies.</param>
    public ChannelStatistics Turned(Matrix<double> map, IDenseBackend backend)
    {
        var turned = new ChannelStatistics(channels) { Rows = Rows };
        if (Rows == 0)
        {
            return turned;
        }

        var gram = backend.Multiply(map, backend.Multiply(new Matrix<double>(channels, channels, Gram), map), transposeA: Transpose.Yes);
        for (var i = 0; i < map.Columns; i++)
        {
            gram.Row(i).CopyTo(turned.Gram.AsSpan(i * channels, map.Columns));
            for (var c = 0; c < channels; c++)
            {
                turned.Sums[i] += map[c, i] * Sums[c];
            }
        }

        return turned;
    }

    /// <summary>The statistics of some of the channels.</summary>
    /// <param name="kept">Which, in the order wanted.</param>
    public ChannelStatistics Select(ReadOnlySpan<int> kept)
    {
        var selected = new ChannelStatistics(kept.Length) { Rows = Rows };
        for (var i = 0; i < kept.Length; i++)
        {
            selected.Sums[i] = Sums[kept[i]];
            for (var j = 0; j < kept.Length; j++)
            {
                selected.Gram[(i * kept.Length) + j] = Gram[(kept[i] * channels) + kept[j]];
            }
        }

        return selected;
    }

    /// <summary>The statistics of rows that were multiplied with a matrix T: <c>T^T G T</c>.</summary>
    /// <param name="apply">Multiplies one row, in place.</param>
    public ChannelStatistics Turned(RowTurn apply)
    {
        var turned = new ChannelStatistics(channels) { Rows = Rows };
        Sums.CopyTo(turned.Sums, 0);
        apply(turned.Sums);
        var column = new double[channels];
        Gram.CopyTo(turned.Gram, 0);
        for (var i = 0; i < channels; i++)
        {
            apply(turned.Gram.AsSpan(i * channels, channels));
        }

        for (var j = 0; j < channels; j++)
        {
            for (var i = 0; i < channels; i++)
            {
                column[i] = turned.Gram[(i * channels) + j];
            }

            apply(column);
            for (var i = 0; i < channels; i++)
            {
                turned.Gram[(i * channels) + j] = column[i];
            }
        }

        return turned;
    }

    /// <summary>Sets the number of rows of statistics that were read from a file.</summary>
    internal void Restore(long rows) => Rows = rows;

    private static void Accumulate(ReadOnlySpan<float> blocks, Span<double> total)
    {
        for (; blocks.Length > 0; blocks = blocks[total.Length..])
        {
            for (var i = 0; i < total.Length; i++)
            {
                total[i] += blocks[i];
            }
        }
    }
}
