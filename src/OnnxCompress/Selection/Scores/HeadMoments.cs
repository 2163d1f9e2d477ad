using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Scores;

/// <summary>Second moments of the queries and the keys of one head, or of heads that share keys.</summary>
/// <param name="Queries"><c>size x size</c>: <c>W_q^T S_q^T S_q W_q</c>, summed over the heads of queries.</param>
/// <param name="Keys"><c>size x size</c>: <c>W_k^T S_k^T S_k W_k</c>.</param>
internal sealed record HeadMoments(Matrix<double> Queries, Matrix<double> Keys)
{
    /// <summary>The squares of all scores: <c>||S_q W_q W_k^T S_k^T||^2</c>, over all pairs of a query and a key.</summary>
    public double Energy()
    {
        double sum = 0;
        for (var i = 0; i < Queries.Values.Length; i++)
        {
            sum += Queries.Values[i] * Keys.Values[i];
        }

        return sum;
    }
}
