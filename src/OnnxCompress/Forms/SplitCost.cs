namespace OnnxCompress.Forms;

/// <summary>What the factors of a split cost, without biases.</summary>
/// <param name="Parameters">Their weights.</param>
/// <param name="Macs">Their multiply-accumulates for one sample.</param>
/// <param name="Nodes">How many nodes they are.</param>
internal readonly record struct SplitCost(long Parameters, long Macs, int Nodes)
{
    /// <summary>A node with its names, attributes and two initializers, less what it replaces: close enough for a budget.</summary>
    public const long BytesPerNode = 250;

    /// <summary>
    /// Whether the split is smaller and faster to count than the layer; anything else is no candidate. Looking up
    /// multiplies nothing, so a split of a table only has to be smaller.
    /// </summary>
    public bool Pays(LayerSize size) => Parameters < size.DenseParameters && (size.IsTable || Macs < size.DenseMacs);

    /// <summary>The cost of a layer that is not split.</summary>
    public static SplitCost Whole(LayerSize size) => new(size.DenseParameters, size.DenseMacs, 1);

    /// <summary>The cost of a split of a layer.</summary>
    public static SplitCost Of(SplitShape shape, LayerSize size)
    {
        long rank = shape.Rank;
        return shape.Form switch
        {
            SplitForm.Input => new(
                rank * (size.Inputs + ((long)size.Outputs * size.Taps)),
                rank * ((size.Inputs * size.InputPositions) + ((long)size.Outputs * size.Taps * size.OutputPositions)), 2),
            SplitForm.Tucker => Tucker(shape, size),
            SplitForm.Spatial => Spatial(rank, size),
            _ when size.IsTable => new(rank * (size.Inputs + (long)size.Outputs), rank * size.Outputs * size.OutputPositions, 2),
            _ => new(
                rank * (size.Columns + ((long)shape.Groups * size.Outputs)),
                rank * (size.Columns + ((long)shape.Groups * size.Outputs)) * size.OutputPositions, 2),
        };
    }

    private static SplitCost Tucker(SplitShape shape, LayerSize size)
    {
        var enter = (long)shape.InnerRank * size.Inputs;
        var core = (long)shape.InnerRank * shape.Rank * size.Taps;
        var leave = (long)shape.Rank * size.Outputs;
        return new(enter + core + leave, (enter * size.InputPositions) + ((core + leave) * size.OutputPositions), 3);
    }

    private static SplitCost Spatial(long rank, LayerSize size)
    {
        // The first factor runs over output rows and input columns: it has done its stride along one axis only.
        var column = rank * size.Inputs * size.Kernel[0];
        var row = rank * size.Outputs * size.Kernel[1];
        return new(column + row, (column * size.OutputSpace[0] * size.InputSpace[1]) + (row * size.OutputPositions), 2);
    }
}
