using ILGPU;

namespace OnnxCompress.Numerics.Ilgpu.Kernels;

/// <summary>Importance sampling of channels: sensitivities, and draws by them.</summary>
internal static class CoresetKernels
{
    /// <summary>What each output sums up to: D_i = sum_j m_ij b_j; one group for an output.</summary>
    /// <param name="magnitudes">outputs x channels, row-major, not negative.</param>
    /// <param name="bounds">How large each channel can be.</param>
    /// <param name="sums">One for each output.</param>
    public static void OutputSums(ArrayView<double> magnitudes, ArrayView<double> bounds, ArrayView<double> sums)
    {
        var shared = SharedMemory.Allocate<double>(GroupSum.MostThreads);
        var (output, channels) = (Grid.IdxX, bounds.IntLength);
        var part = 0.0;
        for (var channel = Group.IdxX; channel < channels; channel += Group.DimX)
        {
            part += magnitudes[((long)output * channels) + channel] * bounds[channel];
        }

        var sum = GroupSum.All(shared, part);
        if (Group.IdxX == 0)
        {
            sums[output] = sum;
        }
    }

    /// <summary>s_j = max_i m_ij b_j / D_i; a thread has a channel.</summary>
    /// <param name="channel">The channel.</param>
    /// <param name="magnitudes">outputs x channels, row-major, not negative.</param>
    /// <param name="bounds">How large each channel can be.</param>
    /// <param name="sums">D, one for each output; where it is 0 the output says nothing.</param>
    /// <param name="sensitivities">Where they go.</param>
    public static void Sensitivities(Index1D channel, ArrayView<double> magnitudes, ArrayView<double> bounds, ArrayView<double> sums, ArrayView<double> sensitivities)
    {
        var largest = 0.0;
        for (var output = 0; output < sums.IntLength; output++)
        {
            if (sums[output] > 0)
            {
                largest = System.Math.Max(largest, magnitudes[((long)output * bounds.Length) + channel] * bounds[channel] / sums[output]);
            }
        }

        sensitivities[channel] = largest;
    }

    /// <summary>Draws by inversion: the first channel whose cumulated weight exceeds the point; a thread has a draw.</summary>
    /// <param name="draw">The draw.</param>
    /// <param name="cumulated">Sums of weights up to and with each channel, ascending.</param>
    /// <param name="points">Uniform in [0, total).</param>
    /// <param name="drawn">Channels.</param>
    public static void Draw(Index1D draw, ArrayView<double> cumulated, ArrayView<double> points, ArrayView<int> drawn)
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

        drawn[draw] = low;
    }
}
