using OnnxCompress.Numerics;
using OnnxCompress.Precision;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Precision;

public sealed class ErrorFeedbackTests
{
    private static readonly WeightGrid Grid = new(WeightGrid.Full);

    private readonly ErrorFeedback _feedback = new(Workbench.Backend);

    [Fact]
    public void Weights_of_the_grid_stay()
    {
        var (gram, steps) = (Gram(40, 1), Steps(6));
        var weights = Grid.Round(NumericMatrices.Uniform(6, 40, 2, 0.5), steps);

        var rounded = _feedback.Round(weights, gram, Grid, steps)!;

        Assert.Equal(weights.Values.ToArray(), rounded.Values.ToArray());
    }

    [Fact]
    public void A_diagonal_Gram_gives_rounding_to_nearest()
    {
        var (weights, steps) = (NumericMatrices.Uniform(5, 33, 3), Steps(5));
        var gram = new Matrix<double>(33, 33);
        for (var i = 0; i < 33; i++)
        {
            gram[i, i] = 1 + (i * 7 % 5);
        }

        Assert.Equal(Grid.Round(weights, steps).Values.ToArray(), _feedback.Round(weights, gram, Grid, steps)!.Values.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(300)]
    public void The_error_is_the_sum_of_the_columns_own(int columns)
    {
        var (gram, steps) = (Gram(columns, 4), Steps(3));
        var weights = NumericMatrices.Uniform(3, columns, 5);
        var order = ErrorFeedback.Order(gram);
        var factor = _feedback.InverseFactor(gram, order)!;

        var rounded = _feedback.Round(weights, gram, Grid, steps)!;

        for (var o = 0; o < 3; o++)
        {
            // Column by column, without panels: what each was when its turn came.
            var row = order.Select(j => weights[o, j]).ToArray();
            double expected = 0;
            for (var j = 0; j < columns; j++)
            {
                var error = row[j] - Grid.Round(row[j], steps[o, order[j]]);
                expected += error * error / (factor[j, j] * factor[j, j]);
                for (var k = j + 1; k < columns; k++)
                {
                    row[k] -= error / factor[j, j] * factor[j, k];
                }
            }

            double actual = 0;
            for (var i = 0; i < columns; i++)
            {
                for (var k = 0; k < columns; k++)
                {
                    actual += (weights[o, i] - rounded[o, i]) * gram[i, k] * (weights[o, k] - rounded[o, k]);
                }
            }

            NumericAssert.Within(expected, actual, 1e-10, expected, "the sum of d_j^2 / U_jj^2 is the error of the row; terms of the quadratic form cancel");
        }
    }

    [Fact]
    public void The_factor_is_upper_and_its_Gram_the_inverse()
    {
        var gram = Gram(50, 6);
        var order = ErrorFeedback.Order(gram);

        var factor = _feedback.InverseFactor(gram, order)!;

        var permuted = new Matrix<double>(50, 50);
        for (var i = 0; i < 50; i++)
        {
            for (var j = 0; j < 50; j++)
            {
                permuted[i, j] = gram[order[i], order[j]];
                Assert.True(j >= i || factor[i, j] == 0);
            }
        }

        var product = NumericMatrices.Product(NumericMatrices.Product(factor, factor, Transpose.Yes), permuted);
        NumericAssert.Within(Matrix<double>.Identity(50), product, 1e-9, 1, "condition of the Gram times rounding");
    }

    [Fact]
    public void Columns_of_equal_weight_go_by_index()
    {
        Assert.Equal([2, 0, 1, 3], ErrorFeedback.Order(Matrix<double>.FromEntries(new double[,] { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 5, 0 }, { 0, 0, 0, 1 } })));
    }

    [Fact]
    public void Correlated_inputs_lose_less_than_by_rounding_to_nearest()
    {
        var (gram, steps) = (Gram(64, 7), Steps(32));
        var weights = NumericMatrices.Uniform(32, 64, 8);

        Assert.True(Error(weights, _feedback.Round(weights, gram, Grid, steps)!, gram) < 0.7 * Error(weights, Grid.Round(weights, steps), gram));
    }

    [Fact]
    public void Results_do_not_depend_on_the_number_of_threads()
    {
        var (gram, steps) = (Gram(200, 9), Steps(20));
        var weights = NumericMatrices.Uniform(20, 200, 10);

        Assert.Equal(
            new ErrorFeedback(new CpuBackend(1)).Round(weights, gram, Grid, steps)!.Values.ToArray(),
            new ErrorFeedback(new CpuBackend(3)).Round(weights, gram, Grid, steps)!.Values.ToArray());
    }

    [Fact]
    public void A_Gram_that_cannot_be_factored_says_so()
    {
        Assert.Null(_feedback.Round(NumericMatrices.Uniform(2, 3, 1), new Matrix<double>(3, 3), Grid, Steps(2)));
    }

    [Theory]
    [InlineData(WeightGrid.Full)]
    [InlineData(WeightGrid.Reduced)]
    public void Steps_hold_the_weights_and_leave_room_for_the_bias(int limit)
    {
        var grid = new WeightGrid(limit);

        Assert.Equal(2.0 / limit, grid.WholeStep([1, -2], 0, 0.1), 1e-7);
        // A channel of zeros with a bias of 3 has a step that the bias fits into.
        var step = grid.WholeStep([0, 0], 3, 0.1);
        Assert.InRange(3 / (0.1 * step), (1 << 30) * 0.99, (1 << 30) * 1.01);
        Assert.Equal(1, grid.WholeStep([0, 0], 0, 0.1));
        Assert.True(grid.WholeStep([1e-42], 0, 1e-20) * 1e-20 > float.Epsilon);
        Assert.True(grid.Step([1e-42, 0], [1, 1], 0, 0.1) > 0);
    }

    private static double Error(Matrix<double> weights, Matrix<double> rounded, Matrix<double> gram)
    {
        var difference = new Matrix<double>(weights.Rows, weights.Columns);
        for (var i = 0; i < difference.Values.Length; i++)
        {
            difference.Values[i] = weights.Values[i] - rounded.Values[i];
        }

        var product = NumericMatrices.Product(difference, gram);
        double sum = 0;
        for (var i = 0; i < difference.Values.Length; i++)
        {
            sum += product.Values[i] * difference.Values[i];
        }

        return sum;
    }

    /// <summary>Inputs that mix a few directions, and noise of their own.</summary>
    private static Matrix<double> Gram(int columns, int seed)
    {
        var mixed = NumericMatrices.Product(NumericMatrices.Uniform(400, 8, seed), NumericMatrices.Uniform(8, columns, seed + 1));
        var noise = NumericMatrices.Uniform(400, columns, seed + 2, 0.1);
        for (var i = 0; i < mixed.Values.Length; i++)
        {
            mixed.Values[i] += noise.Values[i];
        }

        return NumericMatrices.Product(mixed, mixed, Transpose.Yes);
    }

    private static WeightSteps Steps(int outputs) => new([.. Enumerable.Range(0, outputs).Select(o => 0.008f + (0.001f * o))]);
}
