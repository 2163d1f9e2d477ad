using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>
/// Greedy pivoted Cholesky, G ~ R^T R, with the decision on the device: steps are queued without waiting for one another,
/// and do nothing once the tolerance is reached.
/// </summary>
// Many parameters: a kernel gets each buffer and each number by itself.
internal static class PivotedCholeskyKernels
{
    /// <summary>Place of the pivot of the current step in the state; -1 before the first.</summary>
    public const int Pivot = 0;

    /// <summary>Place of the number of steps done.</summary>
    public const int Rank = 1;

    /// <summary>Place of a flag: 1 when nothing above the tolerance is left.</summary>
    public const int Stopped = 2;

    /// <summary>Takes the largest residual diagonal entry; one group.</summary>
    /// <param name="diagonal">n residual diagonal entries.</param>
    /// <param name="taken">n flags.</param>
    /// <param name="state">Pivot, rank, stopped.</param>
    /// <param name="pivots">maxRank pivots.</param>
    /// <param name="values">maxRank residual diagonal entries at selection.</param>
    /// <param name="traces">maxRank + 1 traces of what is left.</param>
    /// <param name="step">The step; maxRank only measures the last trace.</param>
    /// <param name="maxRank">Most steps.</param>
    /// <param name="threshold">What a pivot must exceed.</param>
    public static void Choose(
        ArrayView<double> diagonal, ArrayView<int> taken, ArrayView<int> state, ArrayView<int> pivots, ArrayView<double> values, ArrayView<double> traces,
        int step, int maxRank, double threshold)
    {
        // Nobody returns before a barrier on what another thread writes after it.
        var stopped = state[Stopped] != 0;
        var sums = SharedMemory.Allocate<double>(GroupSum.MostThreads);
        var indices = SharedMemory.Allocate<int>(GroupSum.MostThreads);
        var (best, value, trace) = (GroupSum.NoIndex, GroupSum.NoValue, 0.0);
        for (var index = Group.IdxX; index < diagonal.IntLength; index += Group.DimX)
        {
            if (taken[index] == 0)
            {
                trace += diagonal[index];
                if (diagonal[index] > threshold && diagonal[index] > value)
                {
                    (best, value) = (index, diagonal[index]);
                }
            }
        }

        var whole = GroupSum.All(sums, trace);
        var pivot = GroupSum.Largest(sums, indices, value, best);
        if (Group.IdxX == 0 && !stopped)
        {
            traces[step] = whole;
            if (pivot == GroupSum.NoIndex || step == maxRank)
            {
                state[Stopped] = 1;
            }
            else
            {
                state[Pivot] = pivot;
                state[Rank] = step + 1;
                pivots[step] = pivot;
                values[step] = diagonal[pivot];
            }
        }
    }

    /// <summary>The pivot's row of R, and what it takes off the diagonal; a thread has a column.</summary>
    /// <param name="column">The column.</param>
    /// <param name="gram">n x n, row-major, both triangles.</param>
    /// <param name="factor">R, row-major; rows from the step on are zero.</param>
    /// <param name="diagonal">n residual diagonal entries.</param>
    /// <param name="taken">n flags.</param>
    /// <param name="state">Pivot, rank, stopped.</param>
    /// <param name="values">Residual diagonal entries at selection.</param>
    /// <param name="step">The step.</param>
    public static void Row(
        Index1D column, ArrayView<double> gram, ArrayView<double> factor, ArrayView<double> diagonal, ArrayView<int> taken, ArrayView<int> state, ArrayView<double> values, int step)
    {
        if (state[Stopped] != 0)
        {
            return;
        }

        var (n, pivot) = (diagonal.Length, state[Pivot]);
        var root = System.Math.Sqrt(values[step]);
        if (column == pivot)
        {
            taken[column] = 1;
            diagonal[column] = 0;
            factor[(step * n) + column] = root;
        }
        else if (taken[column] == 0)
        {
            // A column that is taken has no residual left; its entry stays zero, so that the factor is triangular.
            var sum = gram[(pivot * n) + column];
            for (var row = 0; row < step; row++)
            {
                sum -= factor[(row * n) + pivot] * factor[(row * n) + column];
            }

            var entry = sum / root;
            factor[(step * n) + column] = entry;
            diagonal[column] = System.Math.Max(0, diagonal[column] - (entry * entry));
        }
    }
}
