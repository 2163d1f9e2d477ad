using OnnxCompress.Numerics;
using OnnxCompress.Precision;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

/// <summary>Error feedback where a step is set when the first column of its block is reached.</summary>
public sealed class BlockFeedbackTests
{
    private readonly ErrorFeedback _feedback = new(Workbench.Backend);

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Weights_of_the_grid_stay_and_their_steps_are_found(int bits)
    {
        var grid = WeightGrid.Blocks(bits, 16);
        var (gram, steps) = (Gram(40), new WeightSteps(5, 40, 16));
        var weights = new Matrix<double>(5, 40);
        for (var o = 0; o < 5; o++)
        {
            for (var i = 0; i < 40; i++)
            {
                // Each block reaches the end of its grid; powers of two keep products exact.
                var step = Math.ScaleB(i / 16 == 1 ? -1 : 1, -o - (i / 16));
                weights[o, i] = step * (i % 16 == 0 ? grid.Least : ((i * 7) + o) % (grid.Limit - grid.Least) + grid.Least);
            }
        }

        var rounded = _feedback.Round(weights, gram, grid, steps)!;

        Assert.Equal(weights.Values.ToArray(), rounded.Values.ToArray());
        Assert.Equal(Math.ScaleB(-1, -3), steps[2, 17]);
    }

    [Fact]
    public void A_diagonal_Gram_gives_rounding_to_nearest()
    {
        var grid = WeightGrid.Blocks(4, 32);
        var (weights, steps) = (NumericMatrices.Uniform(5, 77, 3), new WeightSteps(5, 77, 32));
        var gram = new Matrix<double>(77, 77);
        for (var i = 0; i < 77; i++)
        {
            gram[i, i] = 1 + (i * 7 % 5);
        }

        var rounded = _feedback.Round(weights, gram, grid, steps)!;

        Assert.Equal(grid.Round(weights, steps).Values.ToArray(), rounded.Values.ToArray());
        Assert.All(steps.Values, step => Assert.NotEqual(0, step));
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(40, 16)]
    [InlineData(129, 64)]
    [InlineData(300, 128)]
    public void The_error_is_the_sum_of_the_columns_own(int columns, int block)
    {
        var grid = WeightGrid.Blocks(4, block);
        var (gram, steps) = (Gram(columns), new WeightSteps(3, columns, block));
        var weights = NumericMatrices.Uniform(3, columns, 5);
        var order = ErrorFeedback.Order(gram, block);
        var factor = _feedback.InverseFactor(gram, order)!;

        var rounded = _feedback.Round(weights, gram, grid, steps)!;

        Assert.Equal(Enumerable.Range(0, columns), order.Order());
        for (var o = 0; o < 3; o++)
        {
            // Column by column with the steps that were set: what each was when its turn came.
            var row = order.Select(j => weights[o, j]).ToArray();
            double expected = 0;
            for (var j = 0; j < columns; j++)
            {
                var error = row[j] - grid.Round(row[j], steps[o, order[j]]);
                expected += error * error / (factor[j, j] * factor[j, j]);
                for (var k = j + 1; k < columns; k++)
                {
                    row[k] -= error / factor[j, j] * factor[j, k];
                }
            }

            NumericAssert.Within(expected, Error(weights, rounded, gram, o), 1e-10, expected, "the sum of d_j^2 / U_jj^2 is the error of the row; terms of the quadratic form cancel");
        }
    }

    [Fact]
    public void Correlated_inputs_lose_less_than_by_rounding_to_nearest()
    {
        var grid = WeightGrid.Blocks(4, 32);
        var (gram, steps, nearest) = (Gram(128), new WeightSteps(16, 128, 32), new WeightSteps(16, 128, 32));
        var weights = NumericMatrices.Uniform(16, 128, 8);
        for (var o = 0; o < 16; o++)
        {
            for (var from = 0; from < 128; from += 32)
            {
                nearest[o, from] = grid.BlockStep(weights.Row(o).Slice(from, 32), []);
            }
        }

        var (fed, plain) = (_feedback.Round(weights, gram, grid, steps)!, grid.Round(weights, nearest));

        Assert.True(Enumerable.Range(0, 16).Sum(o => Error(weights, fed, gram, o)) < 0.7 * Enumerable.Range(0, 16).Sum(o => Error(weights, plain, gram, o)));
    }

    [Fact]
    public void Blocks_without_numbers_or_with_tiny_ones_have_steps()
    {
        var grid = WeightGrid.Blocks(4, 16);

        Assert.Equal(1, grid.BlockStep([0, 0], []));
        Assert.True(Math.Abs(grid.BlockStep([1e-42, -1e-43], [])) >= 1e-30f);
        Assert.Equal(-0.25, grid.BlockStep([2, 0.5, -1.75], []));
        Assert.Equal(0.25, grid.WholeBlockStep([-2, 0.5]));
    }

    private static double Error(Matrix<double> weights, Matrix<double> rounded, Matrix<double> gram, int row)
    {
        double sum = 0;
        for (var i = 0; i < weights.Columns; i++)
        {
            for (var k = 0; k < weights.Columns; k++)
            {
                sum += (weights[row, i] - rounded[row, i]) * gram[i, k] * (weights[row, k] - rounded[row, k]);
            }
        }

        return sum;
    }

    /// <summary>Inputs that mix a few directions, and noise of their own.</summary>
    private static Matrix<double> Gram(int columns)
    {
        var mixed = NumericMatrices.Product(NumericMatrices.Uniform(400, 8, 1), NumericMatrices.Uniform(8, columns, 2));
        var noise = NumericMatrices.Uniform(400, columns, 3, 0.1);
        for (var i = 0; i < mixed.Values.Length; i++)
        {
            mixed.Values[i] += noise.Values[i];
        }

        return NumericMatrices.Product(mixed, mixed, Transpose.Yes);
    }
}
