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

    /// <summary>
    /// The index of the largest value, the lowest index where several are as large, given to every thread; all threads must
    /// call it. A thread without a candidate gives index -1.
    /// </summary>
    /// <param name="values">Room for <see cref="MostThreads"/>; on return entry 0 holds the largest value until the next call.</param>
    /// <param name="indices">Room for as many.</param>
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
                var (mine, other) = (indices[lane], indices[lane + half]);
                var better = other >= 0 && (mine < 0 || values[lane + half] > values[lane] || (values[lane + half] == values[lane] && other < mine));
                if (better)
                {
                    values[lane] = values[lane + half];
                    indices[lane] = other;
                }
            }

            Group.Barrier();
        }

        var best = indices[0];
        Group.Barrier();
        return best;
    }
}
