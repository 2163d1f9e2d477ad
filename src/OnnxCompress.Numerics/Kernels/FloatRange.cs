using System.Numerics;
using System.Runtime.InteropServices;

namespace OnnxCompress.Numerics.Kernels;

/// <summary>Whether sums of products of floats stay within float's range.</summary>
internal static class FloatRange
{
    // 256 products of 2^59 reach 2^126, float's largest power of two is 2^127. The square of 2^-40 stands 46 powers above
    // the smallest normal float: what underflows is below 1e-13 of the largest diagonal entry of a Gram.
    private const float Largest = 1L << 59;
    private const float Smallest = 1f / (1L << 40);

    private const int TileRows = 1024;

    /// <summary>
    /// True when the largest entry is between 2^-40 and 2^59, or nothing but zeros. Infinities are out of range; entries that
    /// are not a number do not count, they spoil the result either way.
    /// </summary>
    public static bool HoldsProducts(ReadOnlyMatrixView<float> rows) => Holds(LargestIn(rows));

    /// <summary>The same, by several threads.</summary>
    public static unsafe bool HoldsProducts(Team team, Block<float> rows)
    {
        var tiles = (rows.Rows + TileRows - 1) / TileRows;
        if (tiles <= 1)
        {
            return Holds(LargestIn(View(rows, 0)));
        }

        var largest = new float[tiles];
        team.Run(tiles, tile => largest[tile] = LargestIn(View(rows, tile * TileRows)));
        return Holds(largest.Max());
    }

    private static unsafe ReadOnlyMatrixView<float> View(Block<float> rows, int from)
    {
        var count = Math.Min(TileRows, rows.Rows - from);
        var length = count == 0 ? 0 : ((count - 1) * rows.RowStep) + rows.Columns;
        return new(new ReadOnlySpan<float>(rows.Data + (from * rows.RowStep), (int)length), count, rows.Columns, (int)rows.RowStep);
    }

    private static bool Holds(float largest) => largest == 0 || largest is >= Smallest and <= Largest;

    private static float LargestIn(ReadOnlyMatrixView<float> rows)
    {
        var lanes = Vector<float>.Zero;
        float largest = 0;
        for (var row = 0; row < rows.Rows; row++)
        {
            var values = rows.Row(row);
            var vectors = MemoryMarshal.Cast<float, Vector<float>>(values);
            foreach (var vector in vectors)
            {
                lanes = Vector.MaxNumber(lanes, Vector.Abs(vector));
            }

            foreach (var value in values[(vectors.Length * Vector<float>.Count)..])
            {
                largest = float.MaxNumber(largest, MathF.Abs(value));
            }
        }

        for (var lane = 0; lane < Vector<float>.Count; lane++)
        {
            largest = MathF.Max(largest, lanes[lane]);
        }

        return largest;
    }
}
