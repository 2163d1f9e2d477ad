namespace OnnxCompress.Forms;

/// <summary>What a layer's cost depends on.</summary>
/// <param name="Inputs">Input channels.</param>
/// <param name="Outputs">Output channels.</param>
/// <param name="Kernel">Size of the kernel along each spatial axis; empty for matrix products.</param>
/// <param name="InputSpace">Size of the input along the spatial axes for one sample; for matrix products, one entry: the rows.</param>
/// <param name="OutputSpace">The same of the output.</param>
/// <param name="IsTable">Whether the layer looks rows of its weight up: its inputs are entries, and reading one multiplies nothing.</param>
internal sealed record LayerSize(int Inputs, int Outputs, int[] Kernel, int[] InputSpace, int[] OutputSpace, bool IsTable = false)
{
    /// <summary>Elements of the kernel.</summary>
    public int Taps => Kernel.Aggregate(1, (product, k) => product * k);

    /// <summary>Columns of the weight as a matrix.</summary>
    public int Columns => checked(Inputs * Taps);

    /// <summary>Positions of the input.</summary>
    public long InputPositions => Product(InputSpace);

    /// <summary>Positions of the output.</summary>
    public long OutputPositions => Product(OutputSpace);

    /// <summary>Weights of the layer as it stands.</summary>
    public long DenseParameters => (long)Outputs * Columns;

    /// <summary>Multiply-accumulates of the layer as it stands.</summary>
    public long DenseMacs => IsTable ? 0 : DenseParameters * OutputPositions;

    /// <summary>The largest rank the weight can have.</summary>
    public int LargestRank => Math.Min(Outputs, Columns);

    /// <summary>The largest rank of a form: columns and rows unfold the weight as <c>(in * height) x (out * width)</c>.</summary>
    public int LargestRankOf(SplitForm form) => form == SplitForm.Spatial ? Math.Min(Inputs * Kernel[0], Outputs * Kernel[1]) : LargestRank;

    private static long Product(int[] sizes) => sizes.Aggregate(1L, (product, s) => product * s);
}
