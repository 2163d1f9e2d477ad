using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.Scores;

/// <summary>
/// The directions of one head by what scores hold of them: the singular value decomposition of <c>S_q W_q W_k^T S_k^T</c>, of which
/// only second moments are needed. With <c>G_k = R^T R</c> it is in the eigenvectors V and eigenvalues <c>s^2</c> of <c>R G_q R^T</c>:
/// new queries are <c>S_q W_q A</c> with <c>A = R^T V s^-1/2</c>, new keys <c>S_k W_k B</c> with <c>B = R^+ V s^1/2</c>. All of them make
/// the scores there were; the first r make those of least error of any of rank r (Eckart, Young, Mirsky), and both have moments <c>diag(s)</c>.
/// </summary>
/// <param name="Queries">A, <c>size x size</c>; column j is 0 where nothing is left.</param>
/// <param name="Keys">B, likewise.</param>
/// <param name="Squares"><c>s^2</c>, descending.</param>
internal sealed record ScoreBasis(Matrix<double> Queries, Matrix<double> Keys, double[] Squares)
{
    /// <summary>Directions of keys whose variance is below this share of the largest are none.</summary>
    private const double SmallestVariance = 1e-13;

    /// <summary>Of squared singular values, those below this share of the largest are rounding.</summary>
    private const double SmallestSquare = 1e-15;

    /// <summary>Decomposes.</summary>
    /// <param name="moments">What queries and keys of the head look like.</param>
    /// <param name="backend">Factorises.</param>
    public static ScoreBasis Of(HeadMoments moments, IDenseBackend backend)
    {
        var size = moments.Keys.Rows;
        var keys = backend.SymmetricEigen(moments.Keys);
        var least = SmallestVariance * Math.Max(keys.Values[0], double.Epsilon);
        var (root, inverse) = (new Matrix<double>(size, size), new Matrix<double>(size, size));
        for (var j = 0; j < size; j++)
        {
            var deviation = keys.Values[j] > least ? Math.Sqrt(keys.Values[j]) : 0;
            for (var i = 0; i < size && deviation > 0; i++)
            {
                root[i, j] = keys.Vectors[i, j] * deviation;
                inverse[i, j] = keys.Vectors[i, j] / deviation;
            }
        }

        // R^T and R^+, in the coordinates of the eigenvectors of G_k.
        var scores = backend.SymmetricEigen(backend.Multiply(root, backend.Multiply(moments.Queries, root), Transpose.Yes));
        var (a, b) = (backend.Multiply(root, scores.Vectors), backend.Multiply(inverse, scores.Vectors));
        for (var j = 0; j < size; j++)
        {
            var square = scores.Values[j];
            var half = square > SmallestSquare * scores.Values[0] ? Math.Sqrt(Math.Sqrt(square)) : 0;
            for (var i = 0; i < size; i++)
            {
                a[i, j] = half > 0 ? a[i, j] / half : 0;
                b[i, j] *= half;
            }
        }

        return new ScoreBasis(a, b, Array.ConvertAll(scores.Values, v => Math.Max(v, 0)));
    }

    /// <summary><c>errors[r]</c>: the squares of what scores lose with the first r directions, of rows with other moments.</summary>
    /// <param name="moments">What queries and keys look like there.</param>
    /// <param name="backend">Multiplies.</param>
    public double[] Losses(HeadMoments moments, IDenseBackend backend)
    {
        var size = Queries.Columns;
        Matrix<double> In(Matrix<double> basis, Matrix<double> gram) => backend.Multiply(basis, backend.Multiply(gram, basis), Transpose.Yes);
        var (queries, keys) = (In(Queries, moments.Queries), In(Keys, moments.Keys));
        var losses = new double[size + 1];
        for (var r = size - 1; r >= 0; r--)
        {
            // What is lost is a product of the directions from r on, with themselves and with each other.
            var sum = losses[r + 1] + (queries[r, r] * keys[r, r]);
            for (var j = r + 1; j < size; j++)
            {
                sum += 2 * queries[r, j] * keys[r, j];
            }

            losses[r] = sum;
        }

        for (var r = size - 1; r >= 0; r--)
        {
            losses[r] = Math.Max(losses[r], losses[r + 1]);
        }

        return losses;
    }
}
