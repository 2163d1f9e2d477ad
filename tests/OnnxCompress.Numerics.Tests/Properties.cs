using FsCheck;
using FsCheck.Fluent;
using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

/// <summary>Identities over generated shapes and contents; a failure prints its smallest case and the seed that replays it.</summary>
public sealed class Properties
{
    private static readonly CpuBackend Backend = new(2);

    private static Arbitrary<(int Rows, int Columns, int Seed)> Shapes { get; } = Arb.From(
        from rows in Gen.Choose(1, 300)
        from columns in Gen.Choose(1, 40)
        from seed in Gen.Choose(0, 1_000_000)
        select (rows, columns, seed));

    [Fact]
    public void The_gram_of_two_parts_is_the_sum_of_their_grams() => Check(Shapes, shape =>
    {
        var samples = NumericMatrices.Uniform(shape.Rows, shape.Columns, shape.Seed);
        var cut = shape.Seed % (shape.Rows + 1);
        var merged = new Matrix<double>(shape.Columns, shape.Columns);

        Backend.AddGram(samples.ToReadOnlyMatrixView().Window(0, 0, cut, shape.Columns), merged);
        Backend.AddGram(samples.ToReadOnlyMatrixView().Window(cut, 0, shape.Rows - cut, shape.Columns), merged);

        NumericAssert.RelativeFrobenius(Backend.Gram(samples), merged, shape.Rows * NumericAssert.Eps, "order of the sum");
    });

    [Fact]
    public void A_pivoted_Cholesky_leaves_what_its_trace_says() => Check(Shapes, shape =>
    {
        var gram = Backend.Gram(NumericMatrices.Uniform(shape.Rows, shape.Columns, shape.Seed));
        var steps = shape.Seed % (shape.Columns + 1);

        var factor = Backend.PivotedCholesky(gram, maxRank: steps);

        var explained = NumericMatrices.Product(factor.Factor, factor.Factor, Transpose.Yes);
        var trace = Enumerable.Range(0, shape.Columns).Sum(i => gram[i, i]);
        var left = Enumerable.Range(0, shape.Columns).Sum(i => gram[i, i] - explained[i, i]);
        NumericAssert.Within(factor.ResidualTraces[^1], left, 100 * shape.Columns * NumericAssert.Eps, trace, "residual diagonals to eps times the largest");
    });

    [Fact]
    public void Removing_a_variable_from_an_inverse_inverts_what_is_left() => Check(Shapes, shape =>
    {
        var size = shape.Columns + 1;
        var matrix = Backend.Gram(NumericMatrices.Uniform(shape.Rows + size, size, shape.Seed));
        for (var i = 0; i < size; i++)
        {
            matrix[i, i] += 1; // condition number below 100
        }

        var inverse = Backend.InvertPositiveDefinite(matrix);
        var gone = shape.Seed % size;

        InverseDowndate.RemoveVariable(inverse, gone);

        var product = NumericMatrices.Product(matrix, inverse);
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                if (i != gone && j != gone)
                {
                    NumericAssert.Within(i == j ? 1 : 0, product[i, j], 1e-10, 1, "eps times the condition number");
                }
            }
        }
    });

    private static void Check<T>(Arbitrary<T> cases, Action<T> holds) =>
        FsCheck.Fluent.Prop.ForAll(cases, value =>
        {
            holds(value);
            return true;
        }).QuickCheckThrowOnFailure();
}
