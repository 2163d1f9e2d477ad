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
    /// <summary>Rows whose products with the targets are summed in float: products of fewer are slow.</summary>
    private const int BlockRows = 1024;

    /// <summary>Both folds; see <see cref="TapStatistics"/>.</summary>
    public TapStatistics Statistics { get; } = new(inputs + (outputs * (hasDrift ? 2 : 1)));

    /// <summary>Columns of x.</summary>
    public int Inputs => inputs;

    /// <summary>Columns of y.</summary>
    public int Outputs => outputs;

    /// <summary>Whether there is a d.</summary>
    public bool HasDrift => hasDrift;

    /// <summary>Adds rows.</summary>
    /// <param name="isCheck">The fold they belong to.</param>
    /// <param name="rows">One row <c>[x, y, d]</c> for each sample.</param>
    /// <param name="backend">Sums products.</param>
    public void Add(bool isCheck, ReadOnlyMatrixView<float> rows, IDenseBackend backend) => (isCheck ? Statistics.Check : Statistics.Fit).Add(rows, backend);

    /// <summary>Begins y anew; x, d and the count of rows stay, so the same rows must come once more through <see cref="AddTargets"/>.</summary>
    public void ForgetTargets()
    {
        foreach (var fold in (ChannelStatistics[])[Statistics.Fit, Statistics.Check])
        {
            fold.Sums.AsSpan(inputs, outputs).Clear();
            for (var i = 0; i < fold.Channels; i++)
            {
                // The rows of y whole, of all others the columns of y.
                var isTarget = i >= inputs && i < inputs + outputs;
                fold.Gram.AsSpan((i * fold.Channels) + (isTarget ? 0 : inputs), isTarget ? fold.Channels : outputs).Clear();
            }
        }
    }

    /// <summary>Adds the products of y with all columns, of rows whose x and d are summed already.</summary>
    /// <param name="isCheck">The fold they belong to.</param>
    /// <param name="rows">One row <c>[x, y, d]</c> for each sample.</param>
    /// <param name="backend">Multiplies.</param>
    public void AddTargets(bool isCheck, ReadOnlyMatrixView<float> rows, IDenseBackend backend)
    {
        var fold = isCheck ? Statistics.Check : Statistics.Fit;
        var products = new Matrix<float>(outputs, fold.Channels);
        for (var from = 0; from < rows.Rows; from += BlockRows)
        {
            var block = rows.Window(from, 0, Math.Min(BlockRows, rows.Rows - from), rows.Columns);
            backend.Multiply(1, block.Window(0, inputs, block.Rows, outputs), Transpose.Yes, block, Transpose.No, 0, products);
            AddProducts(products, fold);
        }

        for (var i = 0; i < rows.Rows; i++)
        {
            var y = rows.Row(i).Slice(inputs, outputs);
            for (var o = 0; o < y.Length; o++)
            {
                fold.Sums[inputs + o] += y[o];
            }
        }
    }

    private void AddProducts(Matrix<float> products, ChannelStatistics fold)
    {
        for (var o = 0; o < outputs; o++)
        {
            var y = inputs + o;
            var row = products.Row(o);
            for (var i = 0; i < row.Length; i++)
            {
                fold.Gram[(y * fold.Channels) + i] += row[i];
                if (i < inputs || i >= inputs + outputs)
                {
                    fold.Gram[(i * fold.Channels) + y] += row[i];
                }
            }
        }
    }

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
