using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Sums over the threads of a one-dimensional group, always in the same order.</summary>
internal static class GroupSum
{
    /// <summary>Most threads of a group that sums.</summary>
    public const int MostThreads = 256;

    /// <summary>The sum of every thread's value, given to every thread; all threads of the group must call it.</summary>
    /// <param name="shared">Room for <see cref="MostThreads"/>; free again when it returns.</param>
    /// <param name="value">This thread's part.</param>
    public static double All(ArrayView<double> shared, double value)
    {
        var (lane, lanes) = (Group.IdxX, Group.DimX);
        shared[lane] = value;
        Group.Barrier();

        // lanes is a power of two.
        for (var half = lanes / 2; half > 0; half /= 2)
        {
            if (lane < half)
            {
                shared[lane] += shared[lane + half];
            }

            Group.Barrier();
        }

        var sum = shared[0];
        Group.Barrier();
        return sum;
    }

    /// <summary>What a thread without a candidate gives as its value; candidates are not negative.</summary>
    public const double NoValue = -1;

    /// <summary>What a thread without a candidate gives as its index, and what comes back when none has one.</summary>
    public const int NoIndex = int.MaxValue;

    /// <summary>
    /// The index of the largest value, the lowest index where several are as large, given to every thread; all threads must
    /// call it.
    /// </summary>
    /// <param name="values">Room for <see cref="MostThreads"/>; free again when it returns.</param>
    /// <param name="indices">Room for as many; free again when it returns.</param>
    /// <param name="value">This thread's candidate.</param>
    /// <param name="index">Its index.</param>
    public static int Largest(ArrayView<double> values, ArrayView<int> indices, double value, int index)
    {
        var (lane, lanes) = (Group.IdxX, Group.DimX);
        values[lane] = value;
        indices[lane] = index;
        Group.Barrier();
        for (var half = lanes / 2; half > 0; half /= 2)
        {
            if (lane < half)
            {
                // No short circuits: some OpenCL compilers lose their way when barriers and many branches share a loop.
                var (mine, other) = (values[lane], values[lane + half]);
                var (place, otherPlace) = (indices[lane], indices[lane + half]);
                var better = (other > mine) | ((other == mine) & (otherPlace < place));
                values[lane] = better ? other : mine;
                indices[lane] = better ? otherPlace : place;
            }

            Group.Barrier();
        }

        var best = indices[0];
        Group.Barrier();
        return best;
    }
}
