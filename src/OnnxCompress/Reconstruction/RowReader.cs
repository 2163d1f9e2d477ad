using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Reads rows out of a tensor <c>[outer, channels, inner]</c>: row <c>o * inner + i</c> holds the channels at outer index
/// o and inner index i. For a convolution o is the image and i the position; for a matrix product they are all that is
/// not contracted.
/// </summary>
internal static class RowReader
{
    /// <summary>Copies channels into columns of a matrix.</summary>
    /// <param name="values">The tensor.</param>
    /// <param name="dims">Its shape.</param>
    /// <param name="axis">Its channel axis.</param>
    /// <param name="rows">Rows to read.</param>
    /// <param name="kept">Channels to read; null means all.</param>
    /// <param name="destination">One row for each of <paramref name="rows"/>, one column for each channel.</param>
    public static void Channels(ReadOnlySpan<float> values, IReadOnlyList<long> dims, int axis, int[] rows, int[]? kept, MatrixView<float> destination)
    {
        var (channels, inner) = ((int)dims[axis], Inner(dims, axis));
        for (var r = 0; r < rows.Length; r++)
        {
            var start = (rows[r] / inner * channels * inner) + (rows[r] % inner);
            var row = destination.Row(r);
            for (var c = 0; c < row.Length; c++)
            {
                row[c] = values[start + ((kept is null ? c : kept[c]) * inner)];
            }
        }
    }

    /// <summary>Copies the patches that a convolution reads into columns of a matrix, channel by channel, the taps innermost.</summary>
    /// <param name="values">The input of the convolution, <c>[images, channels, positions]</c>.</param>
    /// <param name="dims">Its shape.</param>
    /// <param name="table">What each output position reads.</param>
    /// <param name="rows">Rows of the output.</param>
    /// <param name="from">First channel, counted among those kept.</param>
    /// <param name="kept">Channels to read; null means all.</param>
    /// <param name="destination">One row for each of <paramref name="rows"/>, <c>channels * taps</c> columns.</param>
    public static void Patches(
        ReadOnlySpan<float> values, IReadOnlyList<long> dims, PatchTable table, int[] rows, int from, int[]? kept,
        MatrixView<float> destination)
    {
        var (channels, inner) = ((int)dims[1], Inner(dims, 1));
        for (var r = 0; r < rows.Length; r++)
        {
            var image = values.Slice(rows[r] / table.Positions * channels * inner, channels * inner);
            var sources = table.Of(rows[r] % table.Positions);
            var row = destination.Row(r);
            for (var (c, column) = (from, 0); column < row.Length; c++)
            {
                var plane = image.Slice((kept is null ? c : kept[c]) * inner, inner);
                foreach (var source in sources)
                {
                    row[column++] = source < 0 ? 0 : plane[source];
                }
            }
        }
    }

    /// <summary>Rows that a tensor has.</summary>
    public static int Count(IReadOnlyList<long> dims, int axis) => checked((int)(dims.Aggregate(1L, (product, d) => product * d) / dims[axis]));

    private static int Inner(IReadOnlyList<long> dims, int axis) => checked((int)dims.Skip(axis + 1).Aggregate(1L, (product, d) => product * d));
}
