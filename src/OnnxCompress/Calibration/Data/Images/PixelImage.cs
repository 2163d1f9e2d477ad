namespace OnnxCompress.Calibration.Data.Images;

/// <summary>Decoded pixels.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.</param>
/// <param name="Largest">255 or 65535.</param>
/// <param name="Values"><c>Height x Width x Channels</c>, row-major, in [0, <paramref name="Largest"/>].</param>
internal sealed record PixelImage(int Height, int Width, int Channels, ushort Largest, ushort[] Values)
{
    /// <summary>The same picture with 1, 3 or 4 channels: grey becomes three equal channels, colour becomes its luma (ITU-R BT.601),
    /// alpha is dropped where it is not wanted and full where it is missing.</summary>
    public PixelImage WithChannels(int wanted)
    {
        if (wanted == Channels)
        {
            return this;
        }

        var values = new ushort[checked(Height * Width * wanted)];
        for (var pixel = 0; pixel < Height * Width; pixel++)
        {
            var from = Values.AsSpan(pixel * Channels, Channels);
            var to = values.AsSpan(pixel * wanted, wanted);
            if (wanted == 1)
            {
                to[0] = Channels < 3 ? from[0] : Luma(from);
            }
            else
            {
                (to[0], to[1], to[2]) = Channels < 3 ? (from[0], from[0], from[0]) : (from[0], from[1], from[2]);
                if (wanted == 4)
                {
                    to[3] = Channels == 2 ? from[1] : Largest;
                }
            }
        }

        return new(Height, Width, wanted, Largest, values);
    }

    /// <summary>The middle of the picture.</summary>
    public PixelImage Cropped(int height, int width)
    {
        var (top, left) = ((Height - height) / 2, (Width - width) / 2);
        var values = new ushort[checked(height * width * Channels)];
        for (var row = 0; row < height; row++)
        {
            Values.AsSpan((((top + row) * Width) + left) * Channels, width * Channels).CopyTo(values.AsSpan(row * width * Channels));
        }

        return new(height, width, Channels, Largest, values);
    }

    // In 16 bits of fraction, rounded to nearest.
    private static ushort Luma(ReadOnlySpan<ushort> rgb) => (ushort)(((rgb[0] * 19595L) + (rgb[1] * 38470L) + (rgb[2] * 7471L) + 0x8000) >> 16);
}
