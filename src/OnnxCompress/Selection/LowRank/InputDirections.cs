using OnnxCompress.Calibration;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>
/// The directions of the input channels that matter most to the layer's output: with <c>G</c> the Gram of the input and
/// <c>Q = sum over taps W_t^T W_t = M^2</c>, the channels z are replaced by <c>B A z</c> with <c>A = U^T M</c>,
/// <c>B = M^+ U</c> and U the leading eigenvectors of <c>M G M</c>. Minimises <c>tr(Q (I - BA) G (I - BA)^T)</c> over all
/// products of that rank: the output error for Gemm, MatMul and 1x1, a surrogate for larger kernels, whose taps interact.
/// </summary>
/// <param name="Reduce"><c>count x inputs</c>: row j is the j-th direction to read.</param>
/// <param name="Restore"><c>inputs x count</c>: column j is what the j-th direction gives back.</param>
/// <param name="Errors"><c>Errors[r]</c>, up to r = count, on rows that the directions were not fitted to, relative, Frobenius.</param>
internal sealed record InputDirections(Matrix<double> Reduce, Matrix<double> Restore, double[] Errors)
{
    /// <summary>Directions of Q below this share of its largest eigenvalue cannot be told from rounding.</summary>
    private const double SmallestShare = 1e-12;

    /// <summary>Solves for all ranks up to one.</summary>
    /// <param name="problem">The layer, with statistics of its input.</param>
    /// <param name="fit">What the directions are chosen on.</param>
    /// <param name="check">What they are judged on.</param>
    /// <param name="count">How many directions.</param>
    /// <param name="backend">Factorises.</param>
    public static InputDirections Of(LayerProblem problem, ChannelStatistics fit, ChannelStatistics check, int count, IDenseBackend backend)
    {
        var target = backend.SymmetricEigen(backend.Gram(problem.WeightByInput().View.ToReadOnlyMatrixView()));
        var floor = SmallestShare * Math.Max(target.Values[0], 0);
        var root = Scaled(target, v => v > floor ? Math.Sqrt(v) : 0, backend);
        var inverse = Scaled(target, v => v > floor ? 1 / Math.Sqrt(v) : 0, backend);
        var vectors = backend.TopEigen(Between(root, Gram(fit), backend), count, new Random(0)).Vectors;
        var judged = Between(root, Gram(check), backend);
        var product = backend.Multiply(judged, vectors);
        var carried = new double[vectors.Columns];
        double whole = 0;
        for (var i = 0; i < vectors.Rows; i++)
        {
            whole += judged[i, i];
            for (var j = 0; j < carried.Length; j++)
            {
                carried[j] += vectors[i, j] * product[i, j];
            }
        }

        return new InputDirections(
            backend.Multiply(vectors, root, Transpose.Yes), backend.Multiply(inverse, vectors), SplitMethod.ErrorsOf(carried, whole));
    }

    private static Matrix<double> Gram(ChannelStatistics statistics) => new(statistics.Channels, statistics.Channels, [.. statistics.Gram]);

    private static Matrix<double> Between(Matrix<double> root, Matrix<double> gram, IDenseBackend backend) =>
        backend.Multiply(backend.Multiply(root, gram), root);

    private static Matrix<double> Scaled(SymmetricEigen eigen, Func<double, double> scale, IDenseBackend backend)
    {
        var scaled = new Matrix<double>(eigen.Vectors.Rows, eigen.Vectors.Columns);
        for (var i = 0; i < scaled.Rows; i++)
        {
            for (var j = 0; j < scaled.Columns; j++)
            {
                scaled[i, j] = eigen.Vectors[i, j] * scale(eigen.Values[j]);
            }
        }

        return backend.Multiply(scaled, eigen.Vectors, Transpose.No, Transpose.Yes);
    }
}
