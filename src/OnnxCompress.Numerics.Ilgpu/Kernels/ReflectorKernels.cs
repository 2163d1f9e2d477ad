using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Householder reflectors, H = I - scale v v^T with v[0] = 1 (LAPACK's larfg, larf and larft).</summary>
internal static class ReflectorKernels
{
    /// <summary>Makes the reflector of one column from the diagonal down; one group.</summary>
    /// <param name="a">The matrix.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="column">The column; the reflector starts at the row of the same number.</param>
    /// <param name="scales">Where the scale goes, at the column's place.</param>
    public static void Make(ArrayView<double> a, Steps steps, int rows, int column, ArrayView<double> scales)
    {
        var shared = SharedMemory.Allocate<double>(GroupSum.MostThreads);
        var part = 0.0;
        for (var row = column + 1 + Group.IdxX; row < rows; row += Group.DimX)
        {
            var entry = a[steps.At(row, column)];
            part += entry * entry;
        }

        var tail = GroupSum.All(shared, part);
        var alpha = a[steps.At(column, column)];
        Group.Barrier(); // everybody has read it
        if (tail == 0)
        {
            if (Group.IdxX == 0)
            {
                scales[column] = 0;
            }

            return;
        }

        var length = System.Math.Sqrt((alpha * alpha) + tail);
        var beta = alpha >= 0 ? -length : length;
        var inverse = 1 / (alpha - beta);
        for (var row = column + 1 + Group.IdxX; row < rows; row += Group.DimX)
        {
            a[steps.At(row, column)] *= inverse;
        }

        if (Group.IdxX == 0)
        {
            a[steps.At(column, column)] = beta;
            scales[column] = (beta - alpha) / beta;
        }
    }

    /// <summary>w = scale v^T A for columns past the reflector's own; t x t threads share t columns.</summary>
    /// <param name="a">The matrix.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="rows">Its rows.</param>
    /// <param name="column">The reflector's column.</param>
    /// <param name="end">Columns up to here.</param>
    /// <param name="scales">Scales of reflectors.</param>
    /// <param name="owed">w, at the columns' places.</param>
    public static void Dots(ArrayView<double> a, Steps steps, int rows, int column, int end, ArrayView<double> scales, ArrayView<double> owed)
    {
        var shared = SharedMemory.Allocate<double>(ProductKernel.MostThreads * ProductKernel.MostThreads);
        var (x, y, threads) = (Group.IdxX, Group.IdxY, Group.DimX);
        var mine = column + 1 + (Grid.IdxX * threads) + x;
        var sum = 0.0;
        if (mine < end)
        {
            for (var row = column + y; row < rows; row += threads)
            {
                sum += (row == column ? 1 : a[steps.At(row, column)]) * a[steps.At(row, mine)];
            }
        }

        shared[(y * threads) + x] = sum;
        Group.Barrier();
        if (y == 0 && mine < end)
        {
            for (var other = 1; other < threads; other++)
            {
                sum += shared[(other * threads) + x];
            }

            owed[mine] = scales[column] * sum;
        }
    }

    /// <summary>A &lt;- A - v w for columns past the reflector's own.</summary>
    /// <param name="index">Column past the reflector's own, row from the reflector's first.</param>
    /// <param name="a">The matrix.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="column">The reflector's column.</param>
    /// <param name="owed">w, at the columns' places.</param>
    public static void Update(Index2D index, ArrayView<double> a, Steps steps, int column, ArrayView<double> owed)
    {
        var (row, other) = (column + index.Y, column + 1 + index.X);
        a[steps.At(row, other)] -= (index.Y == 0 ? 1 : a[steps.At(row, column)]) * owed[other];
    }

    /// <summary>Writes reflectors out with their ones and zeros, so that they can be multiplied with.</summary>
    /// <param name="index">Reflector, row.</param>
    /// <param name="a">The compact block, from its first diagonal entry.</param>
    /// <param name="steps">Its steps.</param>
    /// <param name="v">Same rows, one column for each reflector.</param>
    /// <param name="vSteps">Its steps.</param>
    public static void WriteOut(Index2D index, ArrayView<double> a, Steps steps, ArrayView<double> v, Steps vSteps)
    {
        var entry = 0.0;
        if (index.Y == index.X)
        {
            entry = 1;
        }
        else if (index.Y > index.X)
        {
            entry = a[steps.At(index.Y, index.X)];
        }

        v[vSteps.At(index.Y, index.X)] = entry;
    }

    /// <summary>T of the compact form H_1 ... H_k = I - V T V^T, upper triangular; one group.</summary>
    /// <param name="overlaps">V^T V, k x k, row-major.</param>
    /// <param name="scales">Scales of all reflectors.</param>
    /// <param name="first">The block's first reflector.</param>
    /// <param name="count">k.</param>
    /// <param name="t">T, k x k, row-major.</param>
    public static void Accumulate(ArrayView<double> overlaps, ArrayView<double> scales, int first, int count, ArrayView<double> t)
    {
        for (var column = 0; column < count; column++)
        {
            var scale = scales[first + column];
            for (var row = Group.IdxX; row < count; row += Group.DimX)
            {
                var entry = row == column ? scale : 0;
                if (row < column)
                {
                    var sum = 0.0;
                    for (var known = row; known < column; known++)
                    {
                        sum += t[(row * count) + known] * overlaps[(known * count) + column];
                    }

                    entry = -scale * sum;
                }

                t[(row * count) + column] = entry;
            }

            Group.Barrier();
        }
    }
}
