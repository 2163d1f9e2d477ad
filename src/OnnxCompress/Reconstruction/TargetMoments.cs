using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>
/// The normal matrices of one least-squares problem, <c>min over W of ||T - W X||^2</c>, with samples as columns. What is
/// inputs x inputs stays where it was summed, about zero and by fold.
/// </summary>
internal sealed class TargetMoments
{
    private readonly double[] _sums;
    private Matrix<double>? _normal, _cross;

    /// <summary>Takes moments as they are.</summary>
    /// <param name="grams"><c>X X^T</c> about zero of each fold, <c>inputs x inputs</c>; must not change while these moments are used.</param>
    /// <param name="sums">Sums of the rows of X.</param>
    /// <param name="point">What is subtracted from X; null subtracts nothing.</param>
    /// <param name="crossTransposed"><c>X T^T</c> about the means that were subtracted, <c>inputs x outputs</c>.</param>
    public TargetMoments(IReadOnlyList<Matrix<double>> grams, double[] sums, double[]? point, Matrix<double> crossTransposed) =>
        (Grams, _sums, Point, CrossTransposed) = (grams, sums, point, crossTransposed);

    /// <summary><c>X X^T</c> about zero of each fold that has rows.</summary>
    public IReadOnlyList<Matrix<double>> Grams { get; }

    /// <summary>What is subtracted from X; null where that is nothing.</summary>
    public double[]? Point { get; }

    /// <summary><c>X T^T</c>, <c>inputs x outputs</c>, about the means that were subtracted.</summary>
    public Matrix<double> CrossTransposed { get; }

    /// <summary><c>||T||^2</c>.</summary>
    public required double Energy { get; init; }

    /// <summary>Means of the rows of X themselves.</summary>
    public required double[] InputMeans { get; init; }

    /// <summary>Means of the rows of T.</summary>
    public required double[] TargetMeans { get; init; }

    /// <summary>Samples.</summary>
    public required long Rows { get; init; }

    /// <summary><c>X X^T</c> about the means that were subtracted: a copy, made when it is first asked for.</summary>
    public Matrix<double> Normal => _normal ??= Sum();

    /// <summary><c>T X^T</c>, <c>outputs x inputs</c>, likewise.</summary>
    public Matrix<double> Cross => _cross ??= CrossTransposed.Transpose();

    /// <summary><c>X X^T</c> about the means that were subtracted, without a copy.</summary>
    /// <param name="chain">Works with it.</param>
    /// <param name="put">Puts a Gram into the chain, each once.</param>
    public ScatterMatrix Scatter(IDenseChain chain, Func<Matrix<double>, IDenseOperand> put) =>
        new(chain, [.. Grams.Select(gram => (gram, put(gram)))], Point is null ? null : (Point, _sums, Rows));

    /// <summary><c>t - W x</c> at the means: the bias that goes with the weights.</summary>
    public double[] BiasFor(Matrix<double> weights)
    {
        var bias = new double[weights.Rows];
        for (var o = 0; o < bias.Length; o++)
        {
            var row = weights.Row(o);
            double sum = TargetMeans[o];
            for (var i = 0; i < row.Length; i++)
            {
                sum -= row[i] * InputMeans[i];
            }

            bias[o] = sum;
        }

        return bias;
    }

    private Matrix<double> Sum()
    {
        var normal = Grams[0].Clone();
        foreach (var gram in Grams.Skip(1))
        {
            for (var i = 0; i < normal.Values.Length; i++)
            {
                normal.Values[i] += gram.Values[i];
            }
        }

        for (var i = 0; Point is not null && i < normal.Rows; i++)
        {
            var row = normal.Row(i);
            for (var j = 0; j < row.Length; j++)
            {
                row[j] += (Rows * Point[i] * Point[j]) - (_sums[i] * Point[j]) - (Point[i] * _sums[j]);
            }
        }

        return normal;
    }
}
