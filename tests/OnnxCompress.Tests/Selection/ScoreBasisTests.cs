using OnnxCompress.Numerics;
using OnnxCompress.Selection.Scores;

namespace OnnxCompress.Tests.Selection;

/// <summary>The directions of queries and keys by what scores hold of them.</summary>
public sealed class ScoreBasisTests
{
    private const int Size = 6, Rows = 40;

    private static readonly CpuBackend Backend = new(1);

    [Fact]
    public void What_is_lost_is_what_singular_values_of_the_scores_are_left_out()
    {
        var (queries, keys) = (Random(1), Random(2));
        var scores = Backend.Multiply(queries, keys, Transpose.No, Transpose.Yes);
        var squares = Backend.SymmetricValues(Backend.Gram(scores.ToReadOnlyMatrixView()))[..Size];
        var moments = Moments(queries, keys);
        var basis = ScoreBasis.Of(moments, Backend);

        var losses = basis.Losses(moments, Backend);

        for (var rank = 0; rank <= Size; rank++)
        {
            var tail = squares[rank..].Sum();
            Assert.Equal(tail, losses[rank], 1e-9 * squares.Sum());
            // The scores themselves, made of the first directions.
            Assert.Equal(tail, Distance(scores, Made(queries, keys, basis, rank)), 1e-9 * squares.Sum());
        }
    }

    [Fact]
    public void Queries_and_keys_share_what_scores_hold()
    {
        var moments = Moments(Random(1), Random(2));
        var basis = ScoreBasis.Of(moments, Backend);
        foreach (var (side, gram) in ((Matrix<double>, Matrix<double>)[])[(basis.Queries, moments.Queries), (basis.Keys, moments.Keys)])
        {
            var turned = Backend.Multiply(side, Backend.Multiply(gram, side), Transpose.Yes);
            for (var i = 0; i < Size; i++)
            {
                for (var j = 0; j < Size; j++)
                {
                    Assert.Equal(i == j ? Math.Sqrt(basis.Squares[i]) : 0, turned[i, j], 1e-9 * turned[0, 0]);
                }
            }
        }
    }

    [Fact]
    public void Of_rows_that_it_was_not_made_of_it_states_their_loss()
    {
        var basis = ScoreBasis.Of(Moments(Random(1), Random(2)), Backend);
        var (queries, keys) = (Random(3), Random(4));

        var losses = basis.Losses(Moments(queries, keys), Backend);

        var scores = Backend.Multiply(queries, keys, Transpose.No, Transpose.Yes);
        var exact = Enumerable.Range(0, Size + 1).Select(rank => Distance(scores, Made(queries, keys, basis, rank))).ToArray();
        for (var rank = 0; rank <= Size; rank++)
        {
            // A curve does not rise: a rank is as bad as any above it.
            Assert.Equal(exact[rank..].Max(), losses[rank], 1e-9 * exact[0]);
        }
    }

    [Fact]
    public void Keys_of_less_than_full_rank_leave_nothing_behind_their_rank()
    {
        var keys = Random(2);
        for (var i = 0; i < Rows; i++)
        {
            keys[i, Size - 1] = keys[i, 0] - (2 * keys[i, 1]);
        }

        var moments = Moments(Random(1), keys);
        var losses = ScoreBasis.Of(moments, Backend).Losses(moments, Backend);

        Assert.True(losses[Size - 1] < 1e-12 * losses[0]);
        Assert.True(losses[Size - 2] > 1e-4 * losses[0]);
    }

    private static HeadMoments Moments(Matrix<double> queries, Matrix<double> keys) =>
        new(Backend.Gram(queries.ToReadOnlyMatrixView()), Backend.Gram(keys.ToReadOnlyMatrixView()));

    private static Matrix<double> Made(Matrix<double> queries, Matrix<double> keys, ScoreBasis basis, int rank)
    {
        var (left, right) = (Backend.Multiply(queries, basis.Queries), Backend.Multiply(keys, basis.Keys));
        return Backend.Multiply(left.View.Window(0, 0, Rows, rank).ToReadOnlyMatrixView(), right.View.Window(0, 0, Rows, rank).ToReadOnlyMatrixView(), Transpose.No, Transpose.Yes);
    }

    private static double Distance(Matrix<double> expected, Matrix<double> actual)
    {
        double sum = 0;
        for (var i = 0; i < expected.Values.Length; i++)
        {
            sum += (expected.Values[i] - actual.Values[i]) * (expected.Values[i] - actual.Values[i]);
        }

        return sum;
    }

    private static Matrix<double> Random(int seed)
    {
        var random = new Random(seed);
        var matrix = new Matrix<double>(Rows, Size);
        foreach (ref var value in matrix.Values)
        {
            value = random.NextDouble() - 0.4;
        }

        return matrix;
    }
}
