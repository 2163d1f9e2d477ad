using OnnxCompress.Calibration;
using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// Moments of one group of a layer over rows <c>[x, y, d]</c>: what it reads, what it should make, and what is missing
/// beside it (the drift of the other branch of an Add; absent without one).
/// </summary>
/// <param name="inputs">Columns of x.</param>
/// <param name="outputs">Columns of y, and of d.</param>
/// <param name="hasDrift">Whether there is a d.</param>
internal sealed class FitMoments(int inputs, int outputs, bool hasDrift)
{
    /// <summary>Both folds; see <see cref="TapStatistics"/>.</summary>
    public TapStatistics Statistics { get; } = new(inputs + (outputs * (hasDrift ? 2 : 1)));

    /// <summary>Columns of x.</summary>
    public int Inputs => inputs;

    /// <summary>Columns of y.</summary>
    public int Outputs => outputs;

    /// <summary>Whether there is a d.</summary>
    public bool HasDrift => hasDrift;

    /// <summary>The moments of one fold for a target.</summary>
    /// <param name="fold">The fold.</param>
    /// <param name="about">The fold whose means are subtracted; null subtracts nothing.</param>
    /// <param name="withDrift">Whether the target is <c>y + d</c>, or y alone.</param>
    public TargetMoments Target(ChannelStatistics fold, ChannelStatistics? about, bool withDrift)
    {
        var means = about?.Sums.Select(s => s / Math.Max(1, about.Rows)).ToArray();
        var gram = Selection.ChannelMoments.Of(fold, means).Gram;
        var normal = new Matrix<double>(inputs, inputs);
        var cross = new Matrix<double>(outputs, inputs);
        double energy = 0;
        for (var i = 0; i < inputs; i++)
        {
            gram.Row(i)[..inputs].CopyTo(normal.Row(i));
        }

        for (var o = 0; o < outputs; o++)
        {
            var (y, d) = (inputs + o, inputs + outputs + o);
            gram.Row(y)[..inputs].CopyTo(cross.Row(o));
            energy += gram[y, y];
            if (withDrift)
            {
                var drift = gram.Row(d)[..inputs];
                for (var i = 0; i < inputs; i++)
                {
                    cross[o, i] += drift[i];
                }

                energy += (2 * gram[y, d]) + gram[d, d];
            }
        }

        return new TargetMoments(normal, cross, energy, Means(fold, 0, inputs), TargetMeans(fold, withDrift), fold.Rows);
    }

    private double[] TargetMeans(ChannelStatistics fold, bool withDrift)
    {
        var means = Means(fold, inputs, outputs);
        return withDrift ? [.. means.Zip(Means(fold, inputs + outputs, outputs), (y, d) => y + d)] : means;
    }

    private static double[] Means(ChannelStatistics fold, int from, int count)
    {
        var means = new double[count];
        for (var i = 0; i < count; i++)
        {
            means[i] = fold.Sums[from + i] / Math.Max(1, fold.Rows);
        }

        return means;
    }
}
