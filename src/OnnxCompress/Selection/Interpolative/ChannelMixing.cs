using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// How kept channels stand in for removed ones: <c>Z ~ Z_S T + 1 b^T</c> with S the kept channels, T
/// (<c>kept x channels</c>, identity on S) the least-squares solution <c>G_SS^-1 G_S:</c>, and b the means that T leaves
/// unexplained (Chee et al. 2022, interpolative decomposition; T from the Gram equals the T of pivoted QR).
/// </summary>
/// <param name="Mixing">T, <c>kept x channels</c>.</param>
/// <param name="Offsets">b, one for each channel; null when constants are not used.</param>
internal sealed record ChannelMixing(Matrix<double> Mixing, double[]? Offsets)
{
    /// <summary>
    /// Keeps the system solvable when kept channels are dependent; relative to the mean diagonal, and no larger than
    /// the noise of float statistics, below which nothing can be resolved.
    /// </summary>
    public const double SmallestRidge = 1e-7;

    /// <summary>Solves for the mixing of one consumer.</summary>
    /// <param name="moments">G, and means when the bias takes constants.</param>
    /// <param name="kept">Distinct indices into the consumer's channels.</param>
    /// <param name="ridge">Relative to the mean diagonal; <see cref="SmallestRidge"/> where it is less.</param>
    /// <param name="backend">Factorises.</param>
    public static ChannelMixing Solve(ChannelMoments moments, ReadOnlySpan<int> kept, double ridge, IDenseBackend backend)
    {
        var gram = moments.Gram;
        var mixing = new Matrix<double>(kept.Length, gram.Columns);
        for (var i = 0; i < kept.Length; i++)
        {
            for (var j = 0; j < gram.Columns; j++)
            {
                mixing[i, j] = gram[kept[i], j];
            }
        }

        // A plan that somebody wrote may say less, or nothing.
        backend.SolveCholesky(Factor(gram, kept, Math.Max(ridge, SmallestRidge), backend), mixing);
        for (var i = 0; i < kept.Length; i++)
        {
            for (var k = 0; k < kept.Length; k++)
            {
                // Exact where the solve would leave rounding.
                mixing[k, kept[i]] = k == i ? 1 : 0;
            }
        }

        return new ChannelMixing(mixing, moments.Means is { } means ? OffsetsOf(means, kept, mixing) : null);
    }

    /// <summary>Cholesky factor of G_SS with the smallest ridge that lets it succeed.</summary>
    private static Matrix<double> Factor(Matrix<double> gram, ReadOnlySpan<int> kept, double relative, IDenseBackend backend)
    {
        double trace = 0;
        foreach (var channel in kept)
        {
            trace += gram[channel, channel];
        }

        // A group of dead channels has a zero Gram: any mixing is right, and with this ridge it is zero.
        for (var ridge = trace > 0 ? relative * trace / kept.Length : 1; ; ridge *= 10)
        {
            var system = new Matrix<double>(kept.Length, kept.Length);
            for (var i = 0; i < kept.Length; i++)
            {
                for (var j = 0; j < kept.Length; j++)
                {
                    system[i, j] = gram[kept[i], kept[j]] + (i == j ? ridge : 0);
                }
            }

            if (backend.FactorCholesky(system) < 0)
            {
                return system;
            }

            if (!(ridge <= trace))
            {
                throw new NumericException(NumericFailure.NotPositiveDefinite, $"The Gram of {kept.Length} kept channels is not positive definite.");
            }
        }
    }

    private static double[] OffsetsOf(double[] means, ReadOnlySpan<int> kept, Matrix<double> mixing)
    {
        var offsets = (double[])means.Clone();
        for (var c = 0; c < offsets.Length; c++)
        {
            for (var i = 0; i < kept.Length; i++)
            {
                offsets[c] -= means[kept[i]] * mixing[i, c];
            }
        }

        return offsets;
    }
}
