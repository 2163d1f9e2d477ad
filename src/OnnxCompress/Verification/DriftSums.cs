namespace OnnxCompress.Verification;

/// <summary>Sums over two streams of values, in double and in the order of the samples: memory does not grow with them.</summary>
internal sealed class DriftSums
{
    private double _original;
    private double _compressed;
    private double _difference;
    private double _product;
    private bool _isUnknown;

    /// <summary>Adds values.</summary>
    /// <param name="original">The original's; infinities are skipped, the caller has seen that both have them.</param>
    /// <param name="compressed">As many, in the same order.</param>
    /// <param name="mask">Which of them count, so many beside each other at a time; null: all.</param>
    public void Add(ReadOnlySpan<double> original, ReadOnlySpan<double> compressed, (bool[] Counted, int Width)? mask = null)
    {
        for (var i = 0; i < original.Length; i++)
        {
            var (y, z) = (original[i], compressed[i]);
            if (double.IsFinite(y) && (mask is not { } left || left.Counted[i / left.Width]))
            {
                _original += y * y;
                _compressed += z * z;
                _product += y * z;
                _difference += (y - z) * (y - z);
            }
        }
    }

    /// <summary>Notes values that cannot be compared one by one: then nothing can be stated.</summary>
    public void AddUnknown() => _isUnknown = true;

    /// <summary>What the sums say.</summary>
    public OutputDrift Drift(string name) => _isUnknown ? new(name, null, null, null) : new(
        name,
        _difference == 0 ? 0 : _original == 0 ? null : Math.Sqrt(_difference / _original),
        _original == 0 || _compressed == 0 ? null : _product / (Math.Sqrt(_original) * Math.Sqrt(_compressed)),
        _original == 0 || _difference == 0 ? null : 10 * Math.Log10(_original / _difference));
}
