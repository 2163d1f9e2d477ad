using OnnxCompress.Numerics;
using static OnnxCompress.Numerics.Kernels.Vectors;

namespace OnnxCompress.Selection.Interpolative;

/// <summary>
/// Rows of G Q and G Q G where the consumer has few outputs: with <c>Q = W^T W</c> (W: <c>rows x channels</c>) and
/// <c>A = W G</c> they are <c>A_:p^T W</c> and <c>A_:p^T A</c>, and keeping p with coefficients c takes <c>A_:p c^T</c> off A. A step
/// costs three times rows x channels in place of what two matrices of channels x channels are owed.
/// </summary>
internal sealed class FactoredTarget
{
    private readonly double[][] _weights;
    private readonly double[][] _along;

    /// <summary>Prepares a consumer.</summary>
    /// <param name="weights">W; not changed.</param>
    /// <param name="gram">G without a ridge.</param>
    /// <param name="shift">What a ridge adds to the diagonal of G.</param>
    /// <param name="backend">Multiplies.</param>
    public FactoredTarget(Matrix<double> weights, Matrix<double> gram, double shift, IDenseBackend backend)
    {
        _weights = Rows(weights);
        _along = Rows(backend.Multiply(weights, gram));
        for (var i = 0; i < _along.Length; i++)
        {
            AddScaled(_along[i], shift, _weights[i]);
        }
    }

    /// <summary>Row p of G Q.</summary>
    public double[] Targeted(int p) => Combined(_weights, p);

    /// <summary>Row p of G Q G.</summary>
    public double[] Scored(int p) => Combined(_along, p);

    /// <summary>The diagonal of G Q G.</summary>
    public double[] Scores()
    {
        var scores = new double[_along.Length == 0 ? 0 : _along[0].Length];
        foreach (var row in _along)
        {
            for (var j = 0; j < scores.Length; j++)
            {
                scores[j] += row[j] * row[j];
            }
        }

        return scores;
    }

    /// <summary>Takes off what a kept channel explains.</summary>
    public void Take(int p, double[] coefficients)
    {
        foreach (var row in _along)
        {
            AddScaled(row, -row[p], coefficients);
        }
    }

    /// <summary>Goes on with some of the columns.</summary>
    public void Keep(int[] left)
    {
        foreach (var rows in new[] { _weights, _along })
        {
            for (var i = 0; i < rows.Length; i++)
            {
                rows[i] = Array.ConvertAll(left, j => rows[i][j]);
            }
        }
    }

    private double[] Combined(double[][] rows, int p)
    {
        var combined = new double[_along.Length == 0 ? 0 : _along[0].Length];
        for (var i = 0; i < rows.Length; i++)
        {
            AddScaled(combined, _along[i][p], rows[i]);
        }

        return combined;
    }

    private static double[][] Rows(Matrix<double> matrix) => [.. Enumerable.Range(0, matrix.Rows).Select(i => matrix.Row(i).ToArray())];
}
