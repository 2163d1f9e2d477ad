using OnnxCompress.Numerics;

namespace OnnxCompress.Reconstruction;

/// <summary>The normal matrices of one least-squares problem, <c>min over W of ||T - W X||^2</c>, with samples as columns.</summary>
/// <param name="Normal"><c>X X^T</c>, <c>inputs x inputs</c>, about the means that were subtracted.</param>
/// <param name="Cross"><c>T X^T</c>, <c>outputs x inputs</c>.</param>
/// <param name="Energy"><c>||T||^2</c>.</param>
/// <param name="InputMeans">Means of the rows of X themselves.</param>
/// <param name="TargetMeans">Means of the rows of T.</param>
/// <param name="Rows">Samples.</param>
internal sealed record TargetMoments(
    Matrix<double> Normal, Matrix<double> Cross, double Energy, double[] InputMeans, double[] TargetMeans, long Rows)
{
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
}
