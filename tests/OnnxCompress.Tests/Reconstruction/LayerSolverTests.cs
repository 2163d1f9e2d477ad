using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>The least-squares problem of one layer, held to what is known of its solution (fixtures D6 a and c).</summary>
public sealed class LayerSolverTests
{
    private const int Inputs = 6, Outputs = 5;

    private static readonly CpuBackend Backend = new(1);

    [Fact]
    public void Weights_that_explain_the_target_are_found_whatever_the_prior()
    {
        var truth = Random(Outputs, Inputs, 1);
        var moments = Moments(rows: 400, truth, noise: 0, seed: 2);

        var solution = new LayerSolver(Backend).Solve(moments, new Matrix<double>(Outputs, Inputs), new double[Outputs], default);

        NumericAssert.RelativeFrobenius(truth, solution.Weights, 1e-4, "the smallest ridge that is tried is a millionth");
        Assert.True(solution.ErrorAfter < 1e-4, $"{solution.ErrorAfter}");
    }

    [Fact]
    public void No_other_weights_have_a_smaller_error_on_the_rows_that_were_fitted()
    {
        var moments = Moments(rows: 400, Random(Outputs, Inputs, 1), noise: 0.5, seed: 2);
        var solution = new LayerSolver(Backend).Solve(moments, new Matrix<double>(Outputs, Inputs), null, default);
        var total = moments.Total(isAboutMeans: false, withDrift: false);
        var least = ErrorOf(total, solution.Weights);

        for (var seed = 10; seed < 30; seed++)
        {
            var other = solution.Weights.Clone();
            var step = Random(Outputs, Inputs, seed);
            for (var i = 0; i < other.Values.Length; i++)
            {
                other.Values[i] += 0.05 * step.Values[i];
            }

            Assert.True(least <= ErrorOf(total, other) * (1 + 1e-6));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void The_error_of_low_rank_weights_is_the_tail_of_the_outputs_spectrum(int rank)
    {
        var truth = Random(Outputs, Inputs, 1);
        var moments = Moments(rows: 4000, truth, noise: 0, seed: 2);
        var solution = new LayerSolver(Backend).Solve(moments, new Matrix<double>(Outputs, Inputs), null, (rank, null));
        var total = moments.Total(isAboutMeans: false, withDrift: false);
        var spectrum = Backend.SymmetricEigen(Backend.Multiply(Backend.Multiply(truth, total.Normal), truth, Transpose.No, Transpose.Yes)).Values;

        var error = ErrorOf(total, solution.Weights);

        Assert.Equal(spectrum.Skip(rank).Sum(), error, 1e-3 * total.Energy);
        Assert.Equal(rank, solution.Expand!.Columns);
        NumericAssert.RelativeFrobenius(Matrix<double>.Identity(rank), Backend.Multiply(solution.Expand, solution.Expand, Transpose.Yes), 1e-10, "eigenvectors");
    }

    [Fact]
    public void Fewer_rows_than_columns_leave_good_weights_alone_or_better()
    {
        var truth = Random(Outputs, Inputs, 1);
        var moments = Moments(rows: 4, truth, noise: 0.1, seed: 2);

        var solution = new LayerSolver(Backend).Solve(moments, truth, new double[Outputs], default);

        Assert.True(solution.ErrorAfter <= solution.ErrorBefore);
        NumericAssert.RelativeFrobenius(truth, solution.Weights, 0.3, "a prior that is right draws the weights to itself");
    }

    [Fact]
    public void A_bias_is_refitted_with_the_weights()
    {
        var truth = Random(Outputs, Inputs, 1);
        var moments = Moments(rows: 400, truth, noise: 0, seed: 2, offset: 3);

        var solution = new LayerSolver(Backend).Solve(moments, truth, new double[Outputs], default);

        Assert.All(solution.Bias!, b => Assert.Equal(3, b, 1e-3));
    }

    private static double ErrorOf(TargetMoments moments, Matrix<double> weights)
    {
        using var chain = ((IDenseBackend)Backend).OpenChain(0);
        return new RidgeJudge(chain, moments.Normal, moments.Cross, moments.Energy).ErrorOf(chain.Put(weights.Transpose()));
    }

    private static Matrix<double> Random(int rows, int columns, int seed)
    {
        var random = new Random(seed);
        var matrix = new Matrix<double>(rows, columns);
        foreach (ref var value in matrix.Values)
        {
            value = random.NextDouble() - 0.5;
        }

        return matrix;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Inputs)]
    public void Values_that_overflowed_leave_the_weights_as_they_are(int column)
    {
        var moments = Moments(rows: 40, Random(Outputs, Inputs, 1), noise: 0, seed: 2);
        var row = new Matrix<float>(1, Inputs + Outputs);
        row[0, column] = float.PositiveInfinity;
        Add(moments.Fit, row);
        Add(moments.Check, row);
        var prior = Random(Outputs, Inputs, 3);

        var solution = new LayerSolver(Backend).Solve(moments, prior, new double[Outputs], default);

        Assert.False(solution.IsChanged);
        Assert.Same(prior, solution.Weights);
    }

    /// <summary>Rows <c>x, W x + offset + noise</c>, one in four for checking.</summary>
    private static FitMoments Moments(int rows, Matrix<double> truth, double noise, int seed, float offset = 0)
    {
        var random = new Random(seed);
        var moments = new FitMoments(Inputs, Outputs, hasDrift: false);
        for (var r = 0; r < rows; r++)
        {
            var row = new Matrix<float>(1, Inputs + Outputs);
            for (var i = 0; i < Inputs; i++)
            {
                row[0, i] = random.NextSingle() - 0.3f;
            }

            for (var o = 0; o < Outputs; o++)
            {
                double sum = offset + (noise * (random.NextDouble() - 0.5));
                for (var i = 0; i < Inputs; i++)
                {
                    sum += truth[o, i] * row[0, i];
                }

                row[0, Inputs + o] = (float)sum;
            }

            Add(moments.Fold(r % 4 == 3), row);
        }

        return moments;
    }

    private static void Add(FitFold fold, Matrix<float> rows)
    {
        fold.AddProducts(rows, Backend);
        fold.AddSums(rows, part: 0, parts: 1);
    }
}
