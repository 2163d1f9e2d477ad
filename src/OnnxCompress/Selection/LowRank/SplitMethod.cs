using OnnxCompress.Forms;
using OnnxCompress.Numerics;

namespace OnnxCompress.Selection.LowRank;

/// <summary>One form of split: its error curve, and its factors for a rank.</summary>
/// <param name="backend">Factorises.</param>
internal abstract class SplitMethod(IDenseBackend backend)
{
    /// <summary>Names of factors.</summary>
    public const string Reduce = "reduce", Core = "core", Expand = "expand";

    /// <summary>The form.</summary>
    public abstract SplitForm Form { get; }

    /// <summary>Does the linear algebra.</summary>
    protected IDenseBackend Backend => backend;

    /// <summary>Whether the form can be made of this layer.</summary>
    public abstract bool Applies(LayerProblem problem);

    /// <summary>Every split of this form with its error, in order of growing rank; some may not pay.</summary>
    public abstract IEnumerable<SplitOption> Price(LayerProblem problem);

    /// <summary>The factors of one split.</summary>
    public abstract SplitFactors Build(LayerProblem problem, SplitShape shape);

    /// <summary>The form of that name.</summary>
    public static SplitMethod Of(SplitForm form, IDenseBackend backend) => form switch
    {
        SplitForm.Plain => new PlainSplit(backend),
        SplitForm.Response => new ResponseSplit(backend),
        SplitForm.Alds => new AldsSplit(backend),
        SplitForm.Input => new InputSplit(backend),
        SplitForm.Tucker => new TuckerSplit(backend),
        SplitForm.Spatial => new SpatialSplit(backend),
        _ => throw new ArgumentOutOfRangeException(nameof(form), form, "A form without a method."),
    };

    /// <summary>Errors of all ranks from what each direction carries: <c>errors[r] = sqrt(1 - carried(first r) / whole)</c>.</summary>
    /// <param name="carried">Squared norm along each direction, in the order they are taken.</param>
    /// <param name="whole">Squared norm of everything.</param>
    internal static double[] ErrorsOf(ReadOnlySpan<double> carried, double whole)
    {
        var errors = new double[carried.Length + 1];
        // Summed from the end: the small tail is not lost in the difference of two large numbers.
        double tail = whole;
        foreach (var part in carried)
        {
            tail -= part;
        }

        tail = Math.Max(tail, 0);
        for (var r = carried.Length; r >= 0; r--)
        {
            errors[r] = whole > 0 ? Math.Min(1, Math.Sqrt(tail / whole)) : 0;
            tail += r > 0 ? Math.Max(carried[r - 1], 0) : 0;
        }

        return errors;
    }

    /// <summary>
    /// Squares of all singular values, descending: eigenvalues of the smaller Gram. Values below 1e-8 of the largest are
    /// rounding, as in weights that are floats.
    /// </summary>
    internal static double[] SquaredValues(Matrix<double> matrix, IDenseBackend backend) =>
        Array.ConvertAll(backend.SymmetricValues(backend.Gram((matrix.Rows < matrix.Columns ? matrix.Transpose() : matrix).ToReadOnlyMatrixView())), v => Math.Max(v, 0));

    /// <summary>
    /// A thin factor and its 1x1 of the best rank (Eckart, Young, Mirsky), <c>U diag(s)^1/2</c> and <c>diag(s)^1/2 V^T</c>:
    /// the leading eigenvectors of the smaller Gram, and the matrix in their coordinates.
    /// </summary>
    protected (Matrix<double> Left, Matrix<double> Right) Truncated(Matrix<double> matrix, int rank)
    {
        if (matrix.Rows > matrix.Columns)
        {
            var (right, left) = Truncated(matrix.Transpose(), rank);
            return (left.Transpose(), right.Transpose());
        }

        var transposed = matrix.Transpose();
        var basis = Backend.TopEigen(Backend.Gram(transposed.ToReadOnlyMatrixView()), rank, new Random(0)).Vectors;
        var along = Backend.Multiply(basis, matrix, Transpose.Yes);
        for (var j = 0; j < rank; j++)
        {
            // Rows are s_j v_j^T, so their length is the singular value; of what has none nothing is left.
            var row = along.Row(j);
            double squares = 0;
            foreach (var value in row)
            {
                squares += value * value;
            }

            var root = Math.Sqrt(Math.Sqrt(squares));
            foreach (ref var value in row)
            {
                value = root > 0 ? value / root : 0;
            }

            for (var i = 0; i < basis.Rows; i++)
            {
                basis[i, j] *= root;
            }
        }

        return (basis, along);
    }
}
