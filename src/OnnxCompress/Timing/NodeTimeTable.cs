namespace OnnxCompress.Timing;

/// <summary>
/// The time of one kind of node as a function of its channels: measured at widths that the runtime likes, monotone by its envelope
/// (a width that takes longer than a larger one is never better than that), linear in between; a width of a convolution that the runtime
/// does not like takes the time of the next that it does. Below one vector, powers of two are measured: where a layer is slow, even
/// they are worth their starts. Along each axis, the other
/// whole, many widths are measured, for time moves in steps of the runtime's vectors; of pairs of widths a few, which say by how much
/// what two axes save together differs from the product of what each saves alone.
/// </summary>
internal sealed class NodeTimeTable
{
    /// <summary>Where pairs are measured, in sixteenths: narrow layers differ most from their share of the work.</summary>
    private static readonly int[] Coarse = [1, 4, 10, 16];

    /// <summary>Where an axis is measured, in sixteenths.</summary>
    private static readonly int[] Fine = [1, 2, 4, 6, 8, 10, 12, 14, 16];

    private readonly int[] _inputs, _outputs;
    private readonly int _step;
    private readonly double[,] _milliseconds;

    private NodeTimeTable(int[] inputs, int[] outputs, int step, double[,] milliseconds) => (_inputs, _outputs, _step, _milliseconds) = (inputs, outputs, step, milliseconds);

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
        // Groups have equally many outputs; of a depthwise layer the outputs follow the inputs.
        int[] InputsAt(int[] places) => inputsStay || (largest.Groups > 1 && !isTied) ? [largest.Inputs] : Widths(largest.Inputs, alignment, places);
        int[] OutputsAt(int[] places) => isTied ? [largest.Outputs]
            : largest.Groups > 1 ? [.. Widths(outputsPerGroup, 1, places).Select(w => w * largest.Groups)]
            : Widths(largest.Outputs, alignment, places);
        var isPlain = largest.Kernel.Count > 0 && largest.Groups == 1;
        var (inputs, outputs, rows, columns) = (InputsAt(Fine), OutputsAt(Fine), InputsAt(Coarse), OutputsAt(Coarse));
        (inputs, outputs) = isPlain ? (Narrow(inputs), Narrow(outputs)) : (inputs, outputs);
        (int Input, int Output)[] cells =
        [
            .. rows.SelectMany(i => columns.Select(o => (i, o))), .. inputs.Select(i => (i, outputs[^1])), .. outputs.Select(o => (inputs[^1], o)),
        ];
        cells = [.. cells.Distinct()];
        var nodes = cells.Select(c => new TimedChain(largest.With(c.Input, isTied ? outputsPerGroup * c.Input : c.Output))).ToArray();
        var times = cells.Zip(timer.Time(nodes, cancellation)).ToDictionary(t => t.First, t => t.Second);
        return new NodeTimeTable(inputs, outputs, isPlain ? alignment : 1, Filled(inputs, outputs, rows, columns, times));
    }

    /// <summary>The widths that are measured along an axis, ascending, the last one whole.</summary>
    public static int[] Widths(int channels, int alignment) => Widths(channels, alignment, Fine);

    /// <summary>Milliseconds of the node with these channels; narrower than measured takes as long as the narrowest.</summary>
    public double At(int inputs, int outputs) =>
        Between(_milliseconds, _inputs, _outputs, Liked(inputs, _inputs[^1]), Liked(outputs, _outputs[^1]));

    private static int[] Widths(int channels, int alignment, int[] places) =>
        [.. places.Select(s => Math.Min(channels, WidthTable.RoundUp(WidthTable.RoundUp(channels * s, 16) / 16, alignment))).Distinct()];

    /// <summary>Powers of two below the narrowest of some widths.</summary>
    private static int[] Narrow(int[] widths) => [.. new[] { 2, 4, 8 }.Where(w => w < widths[0]), .. widths];

    /// <summary>Times of all pairs from those of a few and of both axes.</summary>
    private static double[,] Filled(int[] inputs, int[] outputs, int[] rows, int[] columns, Dictionary<(int Input, int Output), double> times)
    {
        var (lastInput, lastOutput) = (inputs[^1], outputs[^1]);
        double Product(int input, int output) => times[(input, lastOutput)] * times[(lastInput, output)] / times[(lastInput, lastOutput)];
        var ratios = new double[rows.Length, columns.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            for (var o = 0; o < columns.Length; o++)
            {
                ratios[i, o] = times[(rows[i], columns[o])] / Product(rows[i], columns[o]);
            }
        }

        var table = new double[inputs.Length, outputs.Length];
        for (var i = inputs.Length - 1; i >= 0; i--)
        {
            for (var o = outputs.Length - 1; o >= 0; o--)
            {
                table[i, o] = Math.Min(
                    Product(inputs[i], outputs[o]) * Between(ratios, rows, columns, inputs[i], outputs[o]),
                    Math.Min(i + 1 < inputs.Length ? table[i + 1, o] : double.PositiveInfinity, o + 1 < outputs.Length ? table[i, o + 1] : double.PositiveInfinity));
            }
        }

        return table;
    }

    /// <summary>The measured width below, and how far it is to the next; wider than the widest grows in proportion.</summary>
    private static (int Index, double Share) Locate(int[] widths, int width)
    {
        var index = Math.Max(0, Array.FindLastIndex(widths, w => w <= width));
        return index + 1 < widths.Length && width > widths[index]
            ? (index, (double)(width - widths[index]) / (widths[index + 1] - widths[index]))
            : (index, 0);
    }

    private int Liked(int width, int most) => Math.Max(width, Math.Min(most, WidthTable.PowerOrMultiple(width, _step)));

    private static double Between(double[,] values, int[] rows, int[] columns, int inputs, int outputs)
    {
        var (i, inputShare) = Locate(rows, inputs);
        var (o, outputShare) = Locate(columns, outputs);
        var (nextInput, nextOutput) = (Math.Min(i + 1, rows.Length - 1), Math.Min(o + 1, columns.Length - 1));
        var narrow = Between(values[i, o], values[i, nextOutput], outputShare);
        var wide = Between(values[nextInput, o], values[nextInput, nextOutput], outputShare);
        return Between(narrow, wide, inputShare);
    }

    private static double Between(double low, double high, double share) => low + (share * (high - low));
}
