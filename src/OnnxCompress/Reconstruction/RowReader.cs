using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Reads rows out of a tensor <c>[outer, channels, inner]</c>: row <c>o * inner + i</c> holds the channels at outer index
/// o and inner index i. For a convolution o is the image and i the position; for a matrix product they are all that is
/// not contracted.
/// </summary>
internal static class RowReader
{
    /// <summary>Rows that are copied side by side.</summary>
    private const int RowsAtOnce = 64;

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
        Span<int> starts = stackalloc int[RowsAtOnce];
        for (var first = 0; first < rows.Length; first += RowsAtOnce)
        {
            var some = starts[..Math.Min(RowsAtOnce, rows.Length - first)];
            for (var r = 0; r < some.Length; r++)
            {
                var (outer, place) = Math.DivRem(rows[first + r], inner);
                some[r] = (outer * channels * inner) + place;
            }

            Gather(values, some, inner, 0, kept, destination.Window(first, 0, some.Length, destination.Columns));
        }
    }

    /// <summary>
    /// Copies channels of some rows, channel by channel: rows ascend, so that those near each other lie in one line of the cache.
    /// </summary>
    private static void Gather(ReadOnlySpan<float> values, ReadOnlySpan<int> starts, int inner, int from, int[]? kept, MatrixView<float> destination)
    {
        var (stride, to) = (destination.Stride, 0);
        var target = destination.Values;
        for (var c = 0; c < destination.Columns; c++)
        {
            var plane = values[((kept is null ? from + c : kept[from + c]) * inner)..];
            to = c;
            for (var r = 0; r < starts.Length; r++, to += stride)
            {
                target[to] = starts[r] < 0 ? 0 : plane[starts[r]];
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
        if (table.Taps == 1)
        {
            Points(values, dims, table, rows, from, kept, destination);
            return;
        }

        for (var r = 0; r < rows.Length; r++)
        {
            var (image, position) = (rows[r] / table.Positions * channels * inner, rows[r] % table.Positions);
            var sources = table.Of(position);
            var row = destination.Row(r);
            var count = row.Length / sources.Length;
            var done = table.IsTriples(position) ? Triples(values[image..], inner, sources, from, kept, row) : 0;
            for (var c = done; c < count; c++)
            {
                var plane = values.Slice(image + ((kept is null ? from + c : kept[from + c]) * inner), inner);
                var patch = row.Slice(c * sources.Length, sources.Length);
                for (var tap = 0; tap < patch.Length; tap++)
                {
                    patch[tap] = sources[tap] < 0 ? 0 : plane[sources[tap]];
                }
            }
        }
    }

    private static void Points(
        ReadOnlySpan<float> values, IReadOnlyList<long> dims, PatchTable table, int[] rows, int from, int[]? kept, MatrixView<float> destination)
    {
        var inner = Inner(dims, 1);
        var image = (int)dims[1] * inner;
        Span<int> starts = stackalloc int[RowsAtOnce];
        for (var first = 0; first < rows.Length; first += RowsAtOnce)
        {
            var some = starts[..Math.Min(RowsAtOnce, rows.Length - first)];
            for (var r = 0; r < some.Length; r++)
            {
                var (outer, position) = Math.DivRem(rows[first + r], table.Positions);
                var source = table.Of(position)[0];
                some[r] = source < 0 ? -1 : (outer * image) + source;
            }

            Gather(values, some, inner, from, kept, destination.Window(first, 0, some.Length, destination.Columns));
        }
    }

    /// <summary>
    /// Copies patches three taps at a time, as most kernels are that wide: in four floats, of which the last is overwritten by the
    /// next three.
    /// </summary>
    /// <returns>Channels that were copied: all but those that four floats would go beyond the memory of.</returns>
    private static int Triples(ReadOnlySpan<float> images, int inner, ReadOnlySpan<int> sources, int from, int[]? kept, Span<float> row)
    {
        var last = sources[^3] + Vector128<float>.Count;
        var most = (row.Length / sources.Length) - 1;
        ref var source = ref MemoryMarshal.GetReference(images);
        ref var target = ref MemoryMarshal.GetReference(row);
        for (var c = 0; c < most; c++)
        {
            var plane = (kept is null ? from + c : kept[from + c]) * inner;
            if (plane + last > images.Length)
            {
                return c;
            }

            for (var tap = 0; tap < sources.Length; tap += 3)
            {
                Vector128.LoadUnsafe(ref source, (nuint)(plane + sources[tap])).StoreUnsafe(ref target, (nuint)((c * sources.Length) + tap));
            }
        }

        return Math.Max(0, most);
    }

    /// <summary>Rows that a tensor has.</summary>
    public static int Count(IReadOnlyList<long> dims, int axis) => checked((int)(dims.Aggregate(1L, (product, d) => product * d) / dims[axis]));

    private static int Inner(IReadOnlyList<long> dims, int axis) => checked((int)dims.Skip(axis + 1).Aggregate(1L, (product, d) => product * d));
}
