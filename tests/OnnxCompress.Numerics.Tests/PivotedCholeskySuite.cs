using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class PivotedCholeskySuite(IDenseBackend backend)
{
    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(33)]
    [InlineData(150)]
    public void At_full_rank_the_factor_reconstructs_the_gram(int size)
    {
        var gram = CholeskySuite.PositiveDefinite(size);

        var factor = Backend.PivotedCholesky(gram);

        Assert.Equal(size, factor.Rank);
        Assert.Equal(Enumerable.Range(0, size), factor.Pivots.Order());
        NumericAssert.RelativeFrobenius(gram, NumericMatrices.Product(factor.Factor, factor.Factor, Transpose.Yes), 4 * size * NumericAssert.Eps, "Higham 2002, theorem 10.14");
    }

    [Fact]
    public void Pivots_are_those_of_pivoted_QR()
    {
        var samples = NumericMatrices.Uniform(300, 120, 1);

        var pivots = Backend.PivotedCholesky(Backend.Gram(samples)).Pivots;

        Assert.Equal(PivotedColumns.Of(samples), pivots);
    }

    [Fact]
    public void Each_pivot_is_the_largest_residual_diagonal_by_definition()
    {
        var gram = CholeskySuite.PositiveDefinite(60);
        var residual = gram.Clone();

        var factor = Backend.PivotedCholesky(gram, 40);

        for (var step = 0; step < 40; step++)
        {
            var pivot = Enumerable.Range(0, 60).MaxBy(index => residual[index, index]);
            Assert.Equal(pivot, factor.Pivots[step]);
            NumericAssert.Within(residual[pivot, pivot], factor.PivotValues[step], 60 * NumericAssert.Eps, gram[pivot, pivot], "60 subtractions");
            var column = Enumerable.Range(0, 60).Select(index => residual[index, pivot]).ToArray();
            for (var row = 0; row < 60; row++)
            {
                for (var other = 0; other < 60; other++)
                {
                    residual[row, other] -= column[row] * column[other] / column[pivot];
                }
            }

            var trace = Enumerable.Range(0, 60).Sum(index => residual[index, index]);
            NumericAssert.Within(trace, factor.ResidualTraces[step + 1], 3600 * NumericAssert.Eps, factor.ResidualTraces[0], "n^2 subtractions");
        }
    }

    [Fact]
    public void Exact_rank_is_found_and_the_factor_reproduces_the_gram()
    {
        var samples = NumericMatrices.Product(NumericMatrices.Uniform(400, 20, 1), NumericMatrices.Uniform(20, 90, 2));
        var gram = Backend.Gram(samples);

        var factor = Backend.PivotedCholesky(gram, relativeTolerance: 1e-12);

        Assert.Equal(20, factor.Rank);
        NumericAssert.RelativeFrobenius(gram, NumericMatrices.Product(factor.Factor, factor.Factor, Transpose.Yes), 1e-11, "the tolerance, summed over what is left");
    }

    [Fact]
    public void Ties_go_to_the_lowest_index()
    {
        var pivots = Backend.PivotedCholesky(Matrix<double>.Identity(40)).Pivots;

        Assert.Equal(Enumerable.Range(0, 40), pivots);
    }

    [Fact]
    public void A_duplicated_column_is_taken_once()
    {
        var samples = NumericMatrices.Uniform(200, 50, 1);
        for (var row = 0; row < 200; row++)
        {
            samples[row, 49] = samples[row, 0];
        }

        var factor = Backend.PivotedCholesky(Backend.Gram(samples), relativeTolerance: 1e-12);

        Assert.Equal(49, factor.Rank);
        Assert.DoesNotContain(49, factor.Pivots);
    }

    [Fact]
    public void A_zero_matrix_has_rank_zero()
    {
        var factor = Backend.PivotedCholesky(new Matrix<double>(7, 7));

        Assert.Equal(0, factor.Rank);
        Assert.Equal([0.0], factor.ResidualTraces);
    }

    [Fact]
    public void The_input_is_not_changed_and_the_destination_is_cleared_past_the_rank()
    {
        var samples = NumericMatrices.Product(NumericMatrices.Uniform(50, 3, 1), NumericMatrices.Uniform(3, 10, 2));
        var gram = new NumericGuarded<double>(Backend.Gram(samples));
        var factor = new NumericGuarded<double>(8, 10);

        var rank = Backend.FactorPivotedCholesky(gram.View, 8, 1e-12, new int[8], new double[8], new double[9], factor.View);

        Assert.Equal(3, rank);
        Assert.All(Enumerable.Range(3, 5), row => Assert.True(factor.View.Row(row).ToArray().All(value => value == 0)));
        gram.AssertUntouched();
        factor.AssertPaddingUntouched();
    }

    [Theory]
    [InlineData(1e-30)]
    [InlineData(1e30)]
    public void Scale_changes_neither_pivots_nor_rank(double scale)
    {
        var gram = CholeskySuite.PositiveDefinite(70);

        var scaled = Backend.PivotedCholesky(NumericMatrices.Scale(gram, scale), 50, 1e-10);

        Assert.Equal(Backend.PivotedCholesky(gram, 50, 1e-10).Pivots, scaled.Pivots);
    }
}
