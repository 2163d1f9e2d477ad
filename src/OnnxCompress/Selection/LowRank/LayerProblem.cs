using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>All that a split is chosen and made from: weights, and what the layer's output and input look like.</summary>
internal sealed record LayerProblem
{
    /// <summary>Channels and positions.</summary>
    public required LayerSize Size { get; init; }

    /// <summary>The weight, <c>outputs x (inputs * kernel)</c>.</summary>
    public required Matrix<double> Weight { get; init; }

    /// <summary>The layer's bias, which its measured outputs hold; null when there is none.</summary>
    public double[]? Bias { get; init; }

    /// <summary>Whether the mean of the outputs may go into the bias.</summary>
    public bool TakesMean { get; init; }

    /// <summary>Statistics of the original network's outputs of this layer; null without data or for very wide layers.</summary>
    public TapStatistics? Output { get; init; }

    /// <summary>Statistics of the channels that the layer reads; null likewise.</summary>
    public TapStatistics? Input { get; init; }

    /// <summary>Moments of the derivatives of the network's outputs by those of this layer; null where they are not known.</summary>
    public TapStatistics? Sensitivity { get; init; }

    /// <summary>Spectra of the weight's slices where something else needs them too; null: whoever needs them makes them.</summary>
    public AldsSpectra? Spectra { get; init; }

    /// <summary>The weight with the kernel taps as rows: <c>(outputs * kernel) x inputs</c>.</summary>
    public Matrix<double> WeightByInput()
    {
        var taps = Size.Taps;
        var matrix = new Matrix<double>(Size.Outputs * taps, Size.Inputs);
        for (var o = 0; o < Size.Outputs; o++)
        {
            for (var i = 0; i < Size.Inputs; i++)
            {
                for (var t = 0; t < taps; t++)
                {
                    matrix[(o * taps) + t, i] = Weight[o, (i * taps) + t];
                }
            }
        }

        return matrix;
    }

    /// <summary>
    /// The weight times a root of the second moments of the channels that the layer reads, the same for each tap: its errors are those of
    /// inputs whose channels correlate as the data's do and whose positions do not. Without statistics the weight itself.
    /// </summary>
    public Matrix<double> WeightOnData(IDenseBackend backend)
    {
        if (Input is not { Rows: > 0 } input)
        {
            return Weight;
        }

        var total = input.Total();
        var moments = ChannelMoments.Of(total, TakesMean ? MeansOf(total) : null);
        var eigen = backend.SymmetricEigen(moments.Gram);
        var taps = Size.Taps;
        var scaled = new Matrix<double>(Size.Inputs, Size.Inputs);
        for (var i = 0; i < scaled.Rows; i++)
        {
            for (var j = 0; j < scaled.Columns; j++)
            {
                scaled[i, j] = eigen.Vectors[i, j] * Math.Sqrt(Math.Max(0, eigen.Values[j]) / total.Rows);
            }
        }

        var weighted = new Matrix<double>(Size.Outputs, Weight.Columns);
        var (tap, along) = (new Matrix<double>(Size.Outputs, Size.Inputs), new Matrix<double>(Size.Outputs, Size.Inputs));
        for (var t = 0; t < taps; t++)
        {
            for (var o = 0; o < Size.Outputs; o++)
            {
                for (var i = 0; i < Size.Inputs; i++)
                {
                    tap[o, i] = Weight[o, (i * taps) + t];
                }
            }

            backend.Multiply(1, tap, Transpose.No, scaled, Transpose.No, 0, along);
            for (var o = 0; o < Size.Outputs; o++)
            {
                for (var i = 0; i < Size.Inputs; i++)
                {
                    weighted[o, (i * taps) + t] = along[o, i];
                }
            }
        }

        return weighted;
    }

    /// <summary>
    /// Second moments of the outputs, about their means where the bias can take them up; else about the bias, which no
    /// split changes.
    /// </summary>
    /// <param name="statistics">The fold.</param>
    /// <param name="about">The fold whose means are used.</param>
    public ChannelMoments OutputMoments(ChannelStatistics statistics, ChannelStatistics about) =>
        ChannelMoments.Of(statistics, TakesMean ? MeansOf(about) : Bias);

    /// <summary>Means of the channels.</summary>
    public static double[] MeansOf(ChannelStatistics statistics) => [.. statistics.Sums.Select(s => s / Math.Max(1, statistics.Rows))];

    /// <summary>A mask of the layer's spatial axes.</summary>
    public bool[] Axes(bool taken) => [.. Enumerable.Repeat(taken, Size.Kernel.Length)];
}
