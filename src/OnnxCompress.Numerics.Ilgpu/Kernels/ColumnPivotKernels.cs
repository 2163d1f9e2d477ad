using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Column pivoting for QR: norms, the choice, the exchange, and the safe down-date of norms (Drmac and Bujanovic 2008).</summary>
internal static class ColumnPivotKernels
{
    /// <summary>Place of a flag: 1 when nothing above the tolerance is left.</summary>
    public const int Stopped = 0;

    /// <summary>Place of the position that is exchanged with the current one.</summary>
    public const int Chosen = 1;

    /// <summary>Place of the number of steps done.</summary>
    public const int Rank = 2;

    // sqrt of the unit roundoff's double: a norm that was down-dated further has lost half its digits.
    private const double NormLoss = 1.4901161193847656e-8;

    /// <summary>Norms of whole columns.</summary>
    /// <param name="column">The column.</param>
    /// <param name="a">The matrix.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="norms">Where they go.</param>
    /// <param name="reference">Norms when last computed afresh.</param>
    public static void Measure(Index1D column, ArrayView<double> a, Steps steps, int rows, ArrayView<double> norms, ArrayView<double> reference)
    {
        var norm = Norm(a, steps, 0, rows, column);
        norms[column] = norm;
        reference[column] = norm;
    }

    /// <summary>Chooses the longest column from the step on; one group.</summary>
    /// <param name="norms">Norms of what is left of columns.</param>
    /// <param name="reference">Norms when last computed afresh.</param>
    /// <param name="pivots">The order of columns.</param>
    /// <param name="state">Stopped, chosen, rank.</param>
    /// <param name="threshold">One entry: what a norm must exceed; set by step 0.</param>
    /// <param name="step">The step.</param>
    /// <param name="relativeTolerance">The threshold's share of the first norm.</param>
    public static void Choose(
        ArrayView<double> norms, ArrayView<double> reference, ArrayView<int> pivots, ArrayView<int> state, ArrayView<double> threshold, int step, double relativeTolerance)
    {
        // Nobody returns before a barrier on what another thread writes after it.
        var stopped = state[Stopped] != 0;
        var values = SharedMemory.Allocate<double>(GroupSum.MostThreads);
        var indices = SharedMemory.Allocate<int>(GroupSum.MostThreads);
        var (best, value) = (GroupSum.NoIndex, GroupSum.NoValue);
        for (var index = step + Group.IdxX; index < norms.IntLength; index += Group.DimX)
        {
            if (norms[index] > value)
            {
                (best, value) = (index, norms[index]);
            }
        }

        var chosen = GroupSum.Largest(values, indices, value, best);
        if (Group.IdxX == 0 && !stopped)
        {
            var longest = norms[chosen];
            if (step == 0)
            {
                threshold[0] = relativeTolerance * longest;
            }

            if (longest <= threshold[0])
            {
                state[Stopped] = 1;
            }
            else
            {
                state[Chosen] = chosen;
                state[Rank] = step + 1;
                (pivots[step], pivots[chosen]) = (pivots[chosen], pivots[step]);
                norms[chosen] = norms[step];
                reference[chosen] = reference[step];
            }
        }
    }

    /// <summary>Exchanges the chosen column with the step's; a thread has a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="a">The matrix.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="state">Stopped, chosen, rank.</param>
    /// <param name="step">The step.</param>
    public static void Exchange(Index1D row, ArrayView<double> a, Steps steps, ArrayView<int> state, int step)
    {
        if (state[Stopped] != 0 || state[Chosen] == step)
        {
            return;
        }

        var (mine, other) = (steps.At(row, step), steps.At(row, state[Chosen]));
        (a[mine], a[other]) = (a[other], a[mine]);
    }

    /// <summary>What is left of columns after a step; a thread has a column past the step's.</summary>
    /// <param name="index">Column past the step's.</param>
    /// <param name="a">The matrix.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="norms">Norms of what is left.</param>
    /// <param name="reference">Norms when last computed afresh.</param>
    /// <param name="state">Stopped, chosen, rank.</param>
    /// <param name="step">The step.</param>
    public static void Downdate(Index1D index, ArrayView<double> a, Steps steps, int rows, ArrayView<double> norms, ArrayView<double> reference, ArrayView<int> state, int step)
    {
        var column = step + 1 + index;
        if (state[Stopped] != 0 || norms[column] == 0)
        {
            return;
        }

        var share = System.Math.Abs(a[steps.At(step, column)]) / norms[column];
        var left = System.Math.Max(0, (1 + share) * (1 - share));
        var ratio = norms[column] / reference[column];
        if (left * ratio * ratio <= NormLoss)
        {
            var norm = Norm(a, steps, step + 1, rows, column);
            norms[column] = norm;
            reference[column] = norm;
        }
        else
        {
            norms[column] *= System.Math.Sqrt(left);
        }
    }

    private static double Norm(ArrayView<double> a, Steps steps, int first, int rows, int column)
    {
        var sum = 0.0;
        for (var row = first; row < rows; row++)
        {
            var entry = a[steps.At(row, column)];
            sum += entry * entry;
        }

        return System.Math.Sqrt(sum);
    }
}
