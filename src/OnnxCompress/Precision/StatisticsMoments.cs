using OnnxCompress.Calibration;
using OnnxCompress.Numerics;
using OnnxCompress.Numerics.Kernels;
using OnnxCompress.Reconstruction;

namespace OnnxCompress.Precision;

/// <summary>
/// Moments of the patches that a layer reads, from those of its input channels. Channels at one element of the kernel go together as
/// they do in the input; those at different elements as if positions were independent. Exact for matrix products and 1x1 convolutions.
/// </summary>
/// <param name="read">Statistics of what the layer reads; null: independent channels of mean 0 and size 1.</param>
/// <param name="shares">See <see cref="ReadShares"/>.</param>
internal sealed class StatisticsMoments(TapStatistics? read, double[] shares)
{
    /// <summary>The moments of one group, with what the weights make of it as the target.</summary>
    /// <param name="weights"><c>outputs x (inputs * kernel)</c>.</param>
    /// <param name="bias">The bias; null where none can be set: then nothing is centred.</param>
    /// <param name="group">Which group.</param>
    /// <param name="backend">Multiplies.</param>
    public RoundingMoments Of(Matrix<double> weights, double[]? bias, int group, IDenseBackend backend)
    {
        if (read is null)
        {
            var white = Target(weights, bias, Matrix<double>.Identity(weights.Columns), new double[weights.Columns], 1, backend);
            return new RoundingMoments(white, white, white, white.Energy);
        }

        var fit = read.Fit.Rows > 0 ? read.Fit : read.Check;
        var check = read.Check.Rows > 0 ? read.Check : fit;
        var total = read.Total();
        TargetMoments Of(ChannelStatistics fold, double[]? about) => Target(weights, bias, Normal(fold, group, about), Means(fold, group), fold.Rows, backend);
        double[]? About(ChannelStatistics fold) => bias is null ? null : Means(fold, group);
        return new RoundingMoments(Of(fit, About(fit)), Of(check, About(fit)), Of(total, About(total)), Energy(weights, Normal(check, group, null), backend));

        double[] Means(ChannelStatistics fold, int g) =>
            [.. Enumerable.Range(0, weights.Columns).Select(column => shares[column % shares.Length] * fold.Sums[Channel(column, g)] / fold.Rows)];

        int Channel(int column, int g) => (g * (weights.Columns / shares.Length)) + (column / shares.Length);

        Matrix<double> Normal(ChannelStatistics fold, int g, double[]? about)
        {
            var (normal, means) = (new Matrix<double>(weights.Columns, weights.Columns), Means(fold, g));
            for (var i = 0; i < normal.Rows; i++)
            {
                for (var j = 0; j < normal.Columns; j++)
                {
                    var tap = i % shares.Length;
                    var product = tap == j % shares.Length
                        ? shares[tap] * fold.Gram[(Channel(i, g) * fold.Channels) + Channel(j, g)]
                        : fold.Rows * means[i] * means[j];
                    normal[i, j] = about is null ? product : product + (fold.Rows * ((about[i] * about[j]) - (means[i] * about[j]) - (about[i] * means[j])));
                }
            }

            return normal;
        }
    }

    private static TargetMoments Target(Matrix<double> weights, double[]? bias, Matrix<double> normal, double[] means, long rows, IDenseBackend backend)
    {
        var cross = backend.Multiply(weights, normal);
        var made = new double[weights.Rows];
        for (var o = 0; o < made.Length; o++)
        {
            made[o] = (bias?[o] ?? 0) + Vectors.Dot(weights.Row(o), means);
        }

        return new TargetMoments([normal], [], null, cross.Transpose()) { Energy = Energy(weights, cross), InputMeans = means, TargetMeans = made, Rows = rows };
    }

    private static double Energy(Matrix<double> weights, Matrix<double> normal, IDenseBackend backend) => Energy(weights, backend.Multiply(weights, normal));

    private static double Energy(Matrix<double> weights, Matrix<double> cross)
    {
        double energy = 0;
        for (var o = 0; o < weights.Rows; o++)
        {
            energy += Vectors.Dot(weights.Row(o), cross.Row(o));
        }

        return energy;
    }
}
