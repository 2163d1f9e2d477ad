namespace OnnxCompress.Timing;

/// <summary>
/// Multiples of channels that the runtime likes on this machine, measured: a layer of such a width takes its share of the
/// time of a wider one, where other widths take as long as the next multiple.
/// </summary>
/// <param name="Convolution">For channels between convolutions.</param>
/// <param name="Product">For channels between matrix products.</param>
internal sealed record LikedWidths(int Convolution, int Product)
{
    /// <summary>A width may take this much more than its share and still be liked.</summary>
    private const double Tolerance = 1.08;

    /// <summary>Widths between two that every runtime likes, so that only the offset from them differs.</summary>
    private const int Narrow = 32, Wide = 64;

    /// <summary>Channels on the far sides of the two layers that are timed.</summary>
    private const int Around = 64;

    private static readonly int[] Multiples = [1, 2, 4, 8, 16];

    /// <summary>Measures both.</summary>
    /// <param name="timer">Measures.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public static LikedWidths Measure(INodeTimer timer, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(timer);
        return new(Smallest(Convolutions, timer, cancellation), Smallest(Products, timer, cancellation));
    }

    /// <summary>The smallest multiple that is liked together with all larger ones.</summary>
    private static int Smallest(Func<int, TimedChain> chain, INodeTimer timer, CancellationToken cancellation)
    {
        int[] widths = [Narrow, Wide, .. Multiples.SelectMany(m => Between(m))];
        var times = widths.Zip(timer.Time([.. widths.Select(chain)], cancellation)).GroupBy(t => t.First).ToDictionary(g => g.Key, g => g.First().Second);
        double Share(int width) => times[Narrow] + ((times[Wide] - times[Narrow]) * (width - Narrow) / (Wide - Narrow));
        var smallest = Multiples[^1];
        foreach (var multiple in Multiples.Reverse())
        {
            if (Between(multiple).Any(w => times[w] > Tolerance * Share(w)))
            {
                break;
            }

            smallest = multiple;
        }

        return smallest;
    }

    private static int[] Between(int multiple) => [Narrow + multiple, Wide - multiple];

    private static TimedChain Convolutions(int width) => new([ConvolutionOf(Around, width), ConvolutionOf(width, Around)]);

    private static TimedNode ConvolutionOf(int inputs, int outputs) => new("Conv", inputs, outputs)
    {
        Space = [16, 16], Kernel = [3, 3], Strides = [1, 1], Dilations = [1, 1], Pads = [1, 1, 1, 1],
    };

    private static TimedChain Products(int width) => new([ProductOf(Around, width), ProductOf(width, Around)]);

    private static TimedNode ProductOf(int inputs, int outputs) => new("Gemm", inputs, outputs) { Space = [64] };
}
