namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>How many elements lie between neighbours of a matrix on the device; exchanging the two transposes it.</summary>
/// <param name="row">From a row to the next.</param>
/// <param name="column">From a column to the next.</param>
internal readonly struct Steps(int row, int column)
{
    /// <summary>From a row to the next.</summary>
    public readonly int Row = row;

    /// <summary>From a column to the next.</summary>
    public readonly int Column = column;

    /// <summary>Where an entry lies.</summary>
    public long At(int row, int column) => ((long)row * Row) + ((long)column * Column);
}
