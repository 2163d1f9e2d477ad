using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Importance sampling of channels: sensitivities, and draws by them.</summary>
internal static class CoresetKernels
{
    /// <summary>Sums of rows; one group for a row.</summary>
    /// <param name="matrix">Row-major.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="sums">One for each row.</param>
    public static void RowSums(ArrayView<double> matrix, int columns, ArrayView<double> sums)
    {
        var shared = SharedMemory.Allocate<double>(GroupSum.MostThreads);
        var row = Grid.IdxX;
        var part = 0.0;
        for (var column = Group.IdxX; column < columns; column += Group.DimX)
        {
            part += matrix[((long)row * columns) + column];
        }

        var sum = GroupSum.All(shared, part);
        if (Group.IdxX == 0)
        {
            sums[row] = sum;
        }
    }

    /// <summary>The largest share of a column in any row; a thread has a column.</summary>
    /// <param name="column">The column.</param>
    /// <param name="matrix">Row-major, not negative.</param>
    /// <param name="sums">One for each row; where it is 0 the row says nothing.</param>
    /// <param name="shares">Where they go.</param>
    public static void LargestShares(Index1D column, ArrayView<double> matrix, ArrayView<double> sums, ArrayView<double> shares)
    {
        var largest = 0.0;
        for (var row = 0; row < sums.IntLength; row++)
        {
            if (sums[row] > 0)
            {
                largest = System.Math.Max(largest, matrix[((long)row * shares.Length) + column] / sums[row]);
            }
        }

        shares[column] = largest;
    }

    /// <summary>Draws by inversion: the first place whose cumulated weight exceeds the point; a thread has a draw.</summary>
    /// <param name="draw">The draw.</param>
    /// <param name="cumulated">Sums of weights up to and with each place, ascending.</param>
    /// <param name="points">Uniform in [0, total).</param>
    /// <param name="places">Where they go.</param>
    public static void Locate(Index1D draw, ArrayView<double> cumulated, ArrayView<double> points, ArrayView<int> places)
    {
        var (low, high) = (0, cumulated.IntLength - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (cumulated[middle] > points[draw])
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        places[draw] = low;
    }
}
