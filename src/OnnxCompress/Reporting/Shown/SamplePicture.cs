using OnnxCompress.Models;
using OnnxCompress.Samples;

namespace OnnxCompress.Reporting.Shown;

/// <summary>Turns what a model is fed into a picture again.</summary>
/// <param name="preprocessing">What was done to the data; null: not known.</param>
internal sealed class SamplePicture(ReportedPreprocessing? preprocessing)
{
    /// <summary>Pixels of the longer side at most.</summary>
    public const int Longest = 256;

    // Smaller ones are tables.
    private const int Smallest = 8;
    private const double Brightest = 255;

    /// <summary>The picture of a sample; null where none of the inputs is one.</summary>
    /// <param name="feeds">One sample.</param>
    public ShownPicture? Of(IReadOnlyList<HostTensor> feeds)
    {
        foreach (var tensor in feeds)
        {
            if (IsNhwc(tensor) is not { } isNhwc)
            {
                continue;
            }

            var values = new double[tensor.Count];
            StoredValues.ToDouble(tensor.Type, tensor.Bytes, values);
            var (height, width, channels) = isNhwc ? ((int)tensor.Dims[1], (int)tensor.Dims[2], (int)tensor.Dims[3]) : ((int)tensor.Dims[2], (int)tensor.Dims[3], (int)tensor.Dims[1]);
            double At(int y, int x, int c) => values[isNhwc ? (((y * width) + x) * channels) + c : (((c * height) + y) * width) + x];
            return Draw(At, height, width, channels);
        }

        return null;
    }

    /// <summary>A picture of flags: where one is set it is coloured, elsewhere nothing is there.</summary>
    /// <param name="flags">Row after row.</param>
    /// <param name="width">Flags in a row.</param>
    public static ShownPicture OfFlags(bool[] flags, int width)
    {
        var height = flags.Length / width;
        var (w, h) = Smaller(width, height);
        var pixels = new byte[w * h * 4];
        for (var i = 0; i < flags.Length; i++)
        {
            if (flags[i])
            {
                var at = ((i / width * h / height * w) + (i % width * w / width)) * 4;
                (pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3]) = (240, 80, 30, 220);
            }
        }

        return new(width, height, PngPicture.Write(pixels, w, 4));
    }

    private static bool? IsNhwc(HostTensor tensor)
    {
        if (tensor.Dims is not [1, var first, var second, var third] || !(tensor.Type.IsFloatingPoint() || tensor.Type is ElementType.UInt8) || tensor.Type == ElementType.BFloat16)
        {
            return null;
        }

        return first is 1 or 3 && second >= Smallest && third >= Smallest ? false
            : third is 1 or 3 && first >= Smallest && second >= Smallest ? true
            : null;
    }

    private ShownPicture Draw(Func<int, int, int, double> at, int height, int width, int channels)
    {
        var (w, h) = Smaller(width, height);
        var values = new double[w * h * channels];
        for (var i = 0; i < values.Length; i++)
        {
            var (c, x, y) = (i % channels, i / channels % w, i / channels / w);
            values[i] = Undone(Mean(at, (y * height / h, (y + 1) * height / h), (x * width / w, (x + 1) * width / w), c), c);
        }

        var (low, high) = Range(values);
        return new(width, height, PngPicture.Write([.. values.Select(value => (byte)Math.Round(Brightest * Math.Clamp((value - low) / (high - low), 0, 1)))], w, channels));
    }

    private static double Mean(Func<int, int, int, double> at, (int From, int To) rows, (int From, int To) columns, int channel)
    {
        double sum = 0;
        for (var y = rows.From; y < rows.To; y++)
        {
            for (var x = columns.From; x < columns.To; x++)
            {
                sum += at(y, x, channel);
            }
        }

        return sum / ((rows.To - rows.From) * (columns.To - columns.From));
    }

    // What was stored: the model is fed (x * scale - mean) / std.
    private double Undone(double value, int channel)
    {
        if (preprocessing is not { Scale: not 0 } known)
        {
            return value;
        }

        double Of(IReadOnlyList<double> each, double missing) => each.Count == 0 ? missing : each[channel % each.Count];
        return ((value * Of(known.Std, 1)) + Of(known.Mean, 0)) / known.Scale;
    }

    // Bytes and shares are what they are; other numbers are stretched from the least to the greatest.
    private static (double Low, double High) Range(double[] values)
    {
        var (least, greatest) = (values.Min(), values.Max());
        return least >= -1 && greatest is > 1.5 and <= Brightest + 1 ? (0, Brightest)
            : least >= -0.01 && greatest <= 1.01 ? (0, 1)
            : greatest > least ? (least, greatest) : (least, least + 1);
    }

    private static (int Width, int Height) Smaller(int width, int height)
    {
        var by = Math.Max(1, Math.Max(width, height) / (double)Longest);
        return (Math.Max(1, (int)(width / by)), Math.Max(1, (int)(height / by)));
    }
}
