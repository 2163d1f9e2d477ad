using OnnxCompress.Testing;

namespace OnnxCompress.Numerics.Tests;

public abstract class GramSuite(IDenseBackend backend)
{
    private const double FloatEps = 1.0 / (1 << 24); // unit roundoff of float

    private IDenseBackend Backend { get; } = backend;

    [Theory]
    [InlineData(0, 4)]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(1, 17)]
    [InlineData(17, 16)]
    [InlineData(511, 33)]
    [InlineData(513, 100)]
    [InlineData(3000, 13)]
    public void The_gram_of_floats_is_the_double_gram_of_the_same_numbers(int rows, int columns)
    {
        var samples = new NumericGuarded<float>(NumericMatrices.ToFloat(NumericMatrices.Uniform(rows, columns, 1)));
        var wide = NumericMatrices.ToDouble(samples.View);
        var gram = new NumericGuarded<double>(new Matrix<double>(columns, columns));

        Backend.AddGram(samples.View, gram.View);

        NumericAssert.Within(NumericMatrices.Product(wide, wide, Transpose.Yes), gram.View, FloatEps * Math.Min(rows, 256), 0.25 * rows * columns, "sums of at most 256 products in float");
        samples.AssertUntouched();
        gram.AssertPaddingUntouched();
    }

    [Theory]
    [InlineData(256)]
    [InlineData(20000)]
    public void The_error_of_float_blocks_does_not_grow_with_the_rows(int rows)
    {
        var samples = NumericMatrices.ToFloat(NumericMatrices.Uniform(rows, 40, 1));

        var gram = Backend.Gram(samples);

        NumericAssert.RelativeFrobenius(Backend.Gram(NumericMatrices.ToDouble(samples)), gram, 4e-7, "random rounding of 256-term float sums, about sqrt(256) / 4 float eps");
    }

    [Theory]
    [InlineData(1e-30f)]
    [InlineData(1e30f)]
    public void Samples_whose_squares_leave_the_range_of_float_are_summed_in_double(float scale)
    {
        var samples = new Matrix<float>(600, 30, Array.ConvertAll(NumericMatrices.ToFloat(NumericMatrices.Uniform(600, 30, 1)).Values.ToArray(), value => value * scale));

        var gram = Backend.Gram(samples);

        NumericAssert.RelativeFrobenius(Backend.Gram(NumericMatrices.ToDouble(samples)), gram, 600 * NumericAssert.Eps, "600-term sums in double");
    }

    [Fact]
    public void The_gram_is_added_to_what_is_there_and_symmetric_to_the_bit()
    {
        var samples = NumericMatrices.Uniform(700, 130, 1);
        var gram = Backend.Gram(samples);

        Backend.AddGram(samples, gram);

        NumericAssert.RelativeFrobenius(NumericMatrices.Scale(NumericMatrices.Product(samples, samples, Transpose.Yes), 2), gram, 1400 * NumericAssert.Eps, "1400-term sums");
        Assert.True(gram.Transpose().Values.SequenceEqual(gram.Values));
    }

    [Fact]
    public void Shards_merge_to_the_gram_of_the_whole()
    {
        var samples = NumericMatrices.ToFloat(NumericMatrices.Uniform(1000, 40, 1));
        var merged = new Matrix<double>(40, 40);

        foreach (var first in (int[])[0, 137, 500, 731])
        {
            var last = first switch { 0 => 137, 137 => 500, 500 => 731, _ => 1000 };
            Backend.AddGram(samples.ToReadOnlyMatrixView().Window(first, 0, last - first, 40), merged);
        }

        NumericAssert.RelativeFrobenius(Backend.Gram(samples), merged, 4e-7, "other blocks of at most 256 rows in float");
    }

    [Fact]
    public void Exact_rank_survives_in_the_gram_of_floats()
    {
        // Integers: every product and sum is exact, so a dependent column leaves a residual of rounding only.
        var random = new Random(3);
        var samples = new Matrix<float>(2000, 12);
        for (var row = 0; row < samples.Rows; row++)
        {
            for (var column = 0; column < 8; column++)
            {
                samples[row, column] = random.Next(-50, 50);
            }

            for (var column = 8; column < 12; column++)
            {
                samples[row, column] = samples[row, column - 8] + samples[row, column - 7];
            }
        }

        var factor = Backend.PivotedCholesky(Backend.Gram(samples), relativeTolerance: 1e-12);

        Assert.Equal(8, factor.Rank);
    }
}
