namespace OnnxCompress.Calibration.Data.Images;

/// <summary>
/// Resizes pictures with a triangle filter, columns first and then rows. When a picture shrinks, the filter grows with it, so
/// that every pixel counts (no aliasing); when it grows, this is bilinear interpolation with pixel centres at one half.
/// </summary>
internal static class ImageResampler
{
    /// <summary>Resizes; rounds to nearest.</summary>
    public static PixelImage Resize(PixelImage image, int height, int width)
    {
        if ((height, width) == (image.Height, image.Width))
        {
            return image;
        }

        var channels = image.Channels;
        var wide = new float[checked(image.Height * width * channels)];
        var columns = Taps(image.Width, width);
        for (var row = 0; row < image.Height; row++)
        {
            for (var column = 0; column < width; column++)
            {
                var (start, weights) = columns[column];
                for (var channel = 0; channel < channels; channel++)
                {
                    var sum = 0.0;
                    for (var tap = 0; tap < weights.Length; tap++)
                    {
                        sum += weights[tap] * image.Values[(((row * image.Width) + start + tap) * channels) + channel];
                    }

                    wide[(((row * width) + column) * channels) + channel] = (float)sum;
                }
            }
        }

        var values = new ushort[checked(height * width * channels)];
        var rows = Taps(image.Height, height);
        var stride = width * channels;
        for (var row = 0; row < height; row++)
        {
            var (start, weights) = rows[row];
            for (var i = 0; i < stride; i++)
            {
                var sum = 0.0;
                for (var tap = 0; tap < weights.Length; tap++)
                {
                    sum += weights[tap] * wide[((start + tap) * stride) + i];
                }

                values[(row * stride) + i] = (ushort)Math.Clamp(Math.Floor(sum + 0.5), 0, image.Largest);
            }
        }

        return new(height, width, channels, image.Largest, values);
    }

    // For each target position the first source position and the weights from there on; they sum to 1.
    private static (int Start, double[] Weights)[] Taps(int from, int to)
    {
        var scale = (double)from / to;
        var support = Math.Max(1, scale);
        var taps = new (int, double[])[to];
        for (var position = 0; position < to; position++)
        {
            var centre = (position + 0.5) * scale;
            var start = Math.Max(0, (int)Math.Floor(centre - support + 0.5));
            var end = Math.Min(from, Math.Max(start + 1, (int)Math.Floor(centre + support + 0.5)));
            var weights = new double[end - start];
            for (var i = 0; i < weights.Length; i++)
            {
                weights[i] = Math.Max(0, 1 - (Math.Abs(start + i + 0.5 - centre) / support));
            }

            var sum = weights.Sum();
            taps[position] = (start, [.. weights.Select(weight => weight / sum)]);
        }

        return taps;
    }
}
