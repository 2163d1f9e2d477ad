namespace OnnxCompress.Calibration;

/// <summary>
/// How the values of a tensor are spread: counts in bins whose edges are fixed beforehand, so that parts of the data add up to
/// the whole whatever they are, in any order. An octave of |x| has 16 bins, for each sign; a bin is 1/16 to 1/31 of its values wide.
/// </summary>
internal sealed class TensorHistogram
{
    /// <summary>Bits of a float below its sign, exponent and the first four bits of its fraction.</summary>
    private const int Shift = 19;

    private const int PerSign = 0x7F80_0000 >> Shift;

    private readonly long[] _counts = new long[2 * PerSign];

    /// <summary>Finite values that were counted.</summary>
    public long Count { get; private set; }

    /// <summary>Values that were NaN or infinite and are left out.</summary>
    public long NonFinite { get; private set; }

    /// <summary>Values that were exactly zero.</summary>
    public long Zeros { get; private set; }

    /// <summary>The least finite value; 0 without any.</summary>
    public float Least { get; private set; }

    /// <summary>The greatest finite value; 0 without any.</summary>
    public float Greatest { get; private set; }

    /// <summary>Counts values.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        var (least, greatest) = Count == 0 ? (float.PositiveInfinity, float.NegativeInfinity) : (Least, Greatest);
        var (finite, zeros) = (0L, 0L);
        foreach (var value in values)
        {
            var bits = BitConverter.SingleToUInt32Bits(value);
            var bin = (int)((bits & 0x7FFF_FFFF) >> Shift);
            if (bin >= PerSign)
            {
                continue;
            }

            finite++;
            zeros += value == 0 ? 1 : 0;
            _counts[(bits >> 31) == 0 ? bin : PerSign + bin]++;
            least = value < least ? value : least;
            greatest = value > greatest ? value : greatest;
        }

        NonFinite += values.Length - finite;
        Note(finite, zeros, least, greatest);
    }

    /// <summary>Adds the counts of another part of the data.</summary>
    public void Add(TensorHistogram other)
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }

        NonFinite += other.NonFinite;
        var (least, greatest) = Count == 0 ? (other.Least, other.Greatest) : (Math.Min(Least, other.Least), Math.Max(Greatest, other.Greatest));
        Note(other.Count, other.Zeros, least, greatest);
    }

    /// <summary>The bins that hold anything: their ends, and how many values lie between them; by growing |x|, positive ones first.</summary>
    public IEnumerable<(float Low, float High, long Count)> Bins()
    {
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] > 0)
            {
                var (bin, isNegative) = (i % PerSign, i >= PerSign);
                var (near, far) = (Edge(bin), Edge(bin + 1));
                yield return isNegative ? (-far, -near, _counts[i]) : (near, far, _counts[i]);
            }
        }
    }

    /// <summary>What a file says of the values, in place of counting them.</summary>
    /// <param name="counts">Bins that hold anything, ascending.</param>
    /// <param name="nonFinite">Values that were left out.</param>
    /// <param name="zeros">Values that were exactly zero.</param>
    /// <param name="least">The least value.</param>
    /// <param name="greatest">The greatest value.</param>
    /// <exception cref="FormatException">No values are counted so.</exception>
    public static TensorHistogram Of(IReadOnlyList<(int Bin, long Count)> counts, long nonFinite, long zeros, float least, float greatest)
    {
        var histogram = new TensorHistogram { NonFinite = nonFinite, Zeros = zeros, Least = least, Greatest = greatest };
        var before = -1;
        foreach (var (bin, count) in counts)
        {
            if (bin <= before || bin >= histogram._counts.Length || count <= 0)
            {
                throw new FormatException("Bins are out of order.");
            }

            histogram._counts[before = bin] = count;
            histogram.Count = checked(histogram.Count + count);
        }

        return histogram.IsSound() ? histogram : throw new FormatException("A range and its counts contradict each other.");
    }

    /// <summary>Bins that hold anything, ascending: those of positive values, then those of negative ones.</summary>
    public IEnumerable<(int Bin, long Count)> Counts() => _counts.Index().Where(c => c.Item > 0).Select(c => (c.Index, c.Item));

    /// <summary>Whether the least and greatest value lie in the outermost bins, and no more values are zero than bins at zero hold.</summary>
    private bool IsSound()
    {
        if (NonFinite < 0 || Zeros < 0 || Zeros > _counts[0] + _counts[PerSign] || !float.IsFinite(Least) || !float.IsFinite(Greatest))
        {
            return false;
        }

        // By growing value: negative ones of falling size, then positive ones.
        int[] occupied = [.. Enumerable.Range(0, PerSign).Select(i => (2 * PerSign) - 1 - i).Concat(Enumerable.Range(0, PerSign)).Where(bin => _counts[bin] > 0)];
        return occupied.Length == 0 ? (Least, Greatest) == (0, 0) : Least <= Greatest && Holds(occupied[0], Least) && Holds(occupied[^1], Greatest);
    }

    // Zero lies in the first bin of either sign, whatever its own.
    private static bool Holds(int bin, float value) => BinOf(value) == bin || (value == 0 && bin is 0 or PerSign);

    private static int BinOf(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (int)((bits & 0x7FFF_FFFF) >> Shift) + ((bits >> 31) == 0 ? 0 : PerSign);
    }

    private static float Edge(int bin) => bin >= PerSign ? float.MaxValue : BitConverter.UInt32BitsToSingle((uint)bin << Shift);

    private void Note(long finite, long zeros, float least, float greatest)
    {
        if (finite > 0)
        {
            (Least, Greatest) = (least, greatest);
        }

        Count += finite;
        Zeros += zeros;
    }
}
