namespace OnnxCompress.Precision;

/// <summary>
/// How the values of a tensor are spread: counts in bins whose edges are fixed beforehand, so that parts of the data add up to
/// the whole whatever they are. An octave of |x| has 16 bins, for each sign; a bin is 1/16 to 1/31 of its values wide.
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
