namespace OnnxCompress.Precision;

/// <summary>
/// How an activation is stored in one unsigned byte: <c>x = (q - zero) scale</c>. Zero is one of the values, so that padding
/// and a Relu stay exact. Rounding and saturation are those of the runtime's QuantizeLinear, bit by bit.
/// </summary>
/// <param name="Scale">The step between two values; positive and finite.</param>
/// <param name="Zero">The byte that stands for zero.</param>
internal readonly record struct ByteScale(float Scale, byte Zero)
{
    /// <summary>The largest byte.</summary>
    public const int Most = 255;

    /// <summary>A range narrower than this holds nothing but zeros: its step could not be divided by.</summary>
    private const double Narrowest = 1e-30;

    /// <summary>The scale whose values span a range, widened to hold zero.</summary>
    /// <param name="low">The lower end.</param>
    /// <param name="high">The upper end.</param>
    /// <exception cref="ArgumentException">An end is not finite.</exception>
    public static ByteScale Of(double low, double high)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high))
        {
            throw new ArgumentException($"A range from {low} to {high}.", nameof(high));
        }

        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        var width = high - low;
        if (width < Narrowest)
        {
            return new ByteScale(1, 0);
        }

        var scale = (float)Math.Min(width / Most, float.MaxValue / (2 * Most));
        // A Clip ends at a value that the runtime compares with: the last byte must not lie an ulp above it.
        if (low == 0 && scale * (double)Most > high)
        {
            scale = MathF.BitDecrement(scale);
        }

        return new ByteScale(scale, (byte)Math.Clamp(Math.Round(-low / scale, MidpointRounding.ToEven), 0, Most));
    }

    /// <summary>The byte of a value.</summary>
    public byte Quantize(float value) => (byte)Math.Clamp(MathF.Round(value / Scale, MidpointRounding.ToEven) + Zero, 0, Most);

    /// <summary>The value of a byte.</summary>
    public float Dequantize(byte value) => (value - Zero) * Scale;

    /// <summary>What becomes of a value that is stored and read again.</summary>
    public float Round(float value) => Dequantize(Quantize(value));
}
