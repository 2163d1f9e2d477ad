namespace OnnxCompress.Numerics.Ilgpu;

/// <content>Importance sampling of channels.</content>
public sealed partial class IlgpuBackend
{
    /// <summary>
    /// How much each channel can matter to any output: s_j = max_i m_ij b_j / D_i with D_i = sum_q m_iq b_q; outputs with
    /// D_i = 0 say nothing (Mussay et al. 2020).
    /// </summary>
    /// <param name="magnitudes">outputs x channels, absolute weights.</param>
    /// <param name="bounds">How large each channel can be.</param>
    /// <param name="sensitivities">One for each channel.</param>
    /// <exception cref="NumericException">Something is not finite.</exception>
    public void Sensitivities(ReadOnlyMatrixView<double> magnitudes, ReadOnlySpan<double> bounds, Span<double> sensitivities)
    {
        ViewShape.CheckSame(magnitudes.Rows, bounds.Length, magnitudes.Rows, magnitudes.Columns, nameof(magnitudes));
        ViewShape.CheckLength(bounds.Length, sensitivities.Length, nameof(sensitivities));
        Finite.Require(magnitudes, nameof(magnitudes));
        Finite.Require(bounds, nameof(bounds));
        sensitivities[..bounds.Length].Clear();
        if (magnitudes.Rows == 0 || bounds.Length == 0)
        {
            return;
        }

        lock (_turn)
        {
            using var weights = _device.Upload(magnitudes);
            using var limits = _device.Upload(bounds);
            using var sums = _device.Take<double>(magnitudes.Rows);
            using var result = _device.Take<double>(bounds.Length);
            _device.Kernels.OutputSums(_device.Groups(magnitudes.Rows), weights.View, limits.View, sums.View);
            _device.Kernels.Sensitivities(bounds.Length, weights.View, limits.View, sums.View, result.View);
            result.Read(sensitivities[..bounds.Length]);
        }
    }

    /// <summary>Draws with replacement, each channel with a chance in proportion to its weight.</summary>
    /// <param name="weights">Not negative, at least one of them positive.</param>
    /// <param name="random">Seeded; one number for each draw, so that a device draws what another one does.</param>
    /// <param name="drawn">As many channels as there is room.</param>
    /// <exception cref="ArgumentException">No weight is positive.</exception>
    /// <exception cref="NumericException">A weight is not finite.</exception>
    public void Draw(ReadOnlySpan<double> weights, Random random, Span<int> drawn)
    {
        ArgumentNullException.ThrowIfNull(random);
        Finite.Require(weights, nameof(weights));
        var cumulated = new double[weights.Length];
        var total = 0.0;
        for (var channel = 0; channel < weights.Length; channel++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(weights[channel], nameof(weights));
            cumulated[channel] = total += weights[channel];
        }

        if (!(total > 0))
        {
            throw new ArgumentException($"None of {weights.Length} weights is positive.", nameof(weights));
        }

        var points = new double[drawn.Length];
        for (var draw = 0; draw < points.Length; draw++)
        {
            // Rounding must not reach the total itself, which no channel lies beyond.
            points[draw] = Math.Min(total * random.NextDouble(), Math.BitDecrement(total));
        }

        if (points.Length == 0)
        {
            return;
        }

        lock (_turn)
        {
            using var sums = _device.Upload<double>(cumulated);
            using var places = _device.Upload<double>(points);
            using var channels = _device.Take<int>(points.Length);
            _device.Kernels.Draw(points.Length, sums.View, places.View, channels.View);
            channels.Read(drawn);
        }
    }
}
