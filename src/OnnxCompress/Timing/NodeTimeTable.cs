namespace OnnxCompress.Timing;

/// <summary>
/// The time of one kind of node as a function of its channels: measured at a few widths that the runtime likes, monotone by
/// its envelope (a width that takes longer than a larger one is never better than that), linear in between.
/// </summary>
internal sealed class NodeTimeTable
{
    /// <summary>Where along an axis is measured, in sixteenths: narrow layers differ most from their share of the work.</summary>
    private static readonly int[] Sixteenths = [1, 4, 10, 16];

    private readonly int[] _inputs, _outputs;
    private readonly double[,] _milliseconds;

    private NodeTimeTable(int[] inputs, int[] outputs, double[,] milliseconds) => (_inputs, _outputs, _milliseconds) = (inputs, outputs, milliseconds);

    /// <summary>Measures a table.</summary>
    /// <param name="timer">Measures.</param>
    /// <param name="largest">The node with all its channels.</param>
    /// <param name="alignment">Measured widths are multiples of this, or whole.</param>
    /// <param name="inputsStay">Whether only outputs vary, as for the grouped factor of a split.</param>
    /// <param name="cancellation">Stops between runs.</param>
    public static NodeTimeTable Measure(INodeTimer timer, TimedNode largest, int alignment, bool inputsStay, CancellationToken cancellation)
    {
        var isTied = largest.IsDepthwise && !inputsStay;
        var outputsPerGroup = largest.Outputs / largest.Groups;
        int[] inputs = inputsStay || (largest.Groups > 1 && !isTied) ? [largest.Inputs] : Widths(largest.Inputs, alignment);
        // Groups have equally many outputs; of a depthwise layer the outputs follow the inputs.
        int[] outputs = isTied ? [largest.Outputs]
            : largest.Groups > 1 ? [.. Widths(outputsPerGroup, 1).Select(w => w * largest.Groups)]
            : Widths(largest.Outputs, alignment);
        var nodes = inputs.SelectMany(i => outputs.Select(o => new TimedChain(largest.With(i, isTied ? outputsPerGroup * i : o)))).ToArray();
        var times = timer.Time(nodes, cancellation);
        var table = new double[inputs.Length, outputs.Length];
        for (var i = inputs.Length - 1; i >= 0; i--)
        {
            for (var o = outputs.Length - 1; o >= 0; o--)
            {
                table[i, o] = Math.Min(
                    times[(i * outputs.Length) + o],
                    Math.Min(i + 1 < inputs.Length ? table[i + 1, o] : double.PositiveInfinity, o + 1 < outputs.Length ? table[i, o + 1] : double.PositiveInfinity));
            }
        }

        return new NodeTimeTable(inputs, outputs, table);
    }

    /// <summary>Milliseconds of the node with these channels; narrower than measured takes as long as the narrowest.</summary>
    public double At(int inputs, int outputs)
    {
        var (i, inputShare) = Locate(_inputs, inputs);
        var (o, outputShare) = Locate(_outputs, outputs);
        var (nextInput, nextOutput) = (Math.Min(i + 1, _inputs.Length - 1), Math.Min(o + 1, _outputs.Length - 1));
        var narrow = Between(_milliseconds[i, o], _milliseconds[i, nextOutput], outputShare);
        var wide = Between(_milliseconds[nextInput, o], _milliseconds[nextInput, nextOutput], outputShare);
        return Between(narrow, wide, inputShare);
    }

    /// <summary>The widths that are measured, ascending, the last one whole.</summary>
    public static int[] Widths(int channels, int alignment) =>
        [.. Sixteenths.Select(s => Math.Min(channels, RoundUp(RoundUp(channels * s, 16) / 16, alignment))).Distinct()];

    /// <summary>The measured width below, and how far it is to the next; wider than the widest grows in proportion.</summary>
    private static (int Index, double Share) Locate(int[] widths, int width)
    {
        var index = Math.Max(0, Array.FindLastIndex(widths, w => w <= width));
        return index + 1 < widths.Length && width > widths[index]
            ? (index, (double)(width - widths[index]) / (widths[index + 1] - widths[index]))
            : (index, 0);
    }

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private static double Between(double low, double high, double share) => low + (share * (high - low));
}
