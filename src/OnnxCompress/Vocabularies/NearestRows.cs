using OnnxCompress.Numerics;

namespace OnnxCompress.Vocabularies;

/// <summary>For rows that go, the nearest that stays.</summary>
internal static class NearestRows
{
    /// <summary>Products that are held at once.</summary>
    private const int LargestBlock = 1 << 22;

    /// <summary>The nearest kept row of every row, by Euclidean distance; of equally near ones the first.</summary>
    /// <param name="values">The table, rows x width, row-major.</param>
    /// <param name="rows">How many rows it has.</param>
    /// <param name="kept">Those that stay, ascending.</param>
    /// <param name="backend">Multiplies.</param>
    /// <param name="cancellation">Stops between blocks of rows.</param>
    /// <returns>For each row, a position in <paramref name="kept"/>; a row that stays has its own.</returns>
    public static int[] Of(float[] values, int rows, IReadOnlyList<int> kept, IDenseBackend backend, CancellationToken cancellation)
    {
        var width = values.Length / rows;
        var (stay, halves, nearest) = (new float[kept.Count * width], new double[kept.Count], new int[rows]);
        Array.Fill(nearest, -1);
        for (var k = 0; k < kept.Count; k++)
        {
            var row = values.AsSpan(kept[k] * width, width);
            row.CopyTo(stay.AsSpan(k * width));
            foreach (var value in row)
            {
                halves[k] += (double)value * value / 2;
            }

            nearest[kept[k]] = k;
        }

        int[] gone = [.. Enumerable.Range(0, rows).Where(r => nearest[r] < 0)];
        var most = Math.Clamp(LargestBlock / kept.Count, 1, Math.Max(1, gone.Length));
        var (block, products) = (new float[most * width], new float[most * kept.Count]);
        for (var start = 0; start < gone.Length; start += most)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(most, gone.Length - start);
            for (var i = 0; i < count; i++)
            {
                values.AsSpan(gone[start + i] * width, width).CopyTo(block.AsSpan(i * width));
            }

            backend.Multiply(
                1, new ReadOnlyMatrixView<float>(block, count, width), Transpose.No, new ReadOnlyMatrixView<float>(stay, kept.Count, width), Transpose.Yes, 0,
                new MatrixView<float>(products, count, kept.Count));
            for (var i = 0; i < count; i++)
            {
                nearest[gone[start + i]] = Nearest(products.AsSpan(i * kept.Count, kept.Count), halves);
            }
        }

        return nearest;
    }

    // |u - k|^2 = |u|^2 - 2 (u k - |k|^2 / 2): the largest bracket is the nearest.
    private static int Nearest(ReadOnlySpan<float> products, double[] halves)
    {
        var (place, best) = (0, double.NegativeInfinity);
        for (var k = 0; k < products.Length; k++)
        {
            if (products[k] - halves[k] > best)
            {
                (best, place) = (products[k] - halves[k], k);
            }
        }

        return place;
    }
}
