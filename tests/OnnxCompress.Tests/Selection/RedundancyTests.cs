using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Redundancy;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using Oracle = MathNet.Numerics.LinearAlgebra.Matrix<double>;

namespace OnnxCompress.Tests.Selection;

/// <summary>Backward elimination against least squares on the data themselves, and on networks with redundant neurons (fixtures D5).</summary>
public sealed class RedundancyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_error_of_every_width_is_that_of_least_squares_on_unseen_data(bool centre)
    {
        var (fit, check) = (GramData.Correlated(2000, 3, 7), GramData.Correlated(500, 4, 7));
        var (bench, moments) = GramData.Moments(fit, check, centre);

        var curve = BackwardElimination.Run(bench.Group("f1"), [moments], Workbench.Backend, Token);

        var weights = GramData.Weights(bench, 7);
        var means = fit.ColumnSums() / (centre ? fit.RowCount : double.PositiveInfinity);
        var (z, y) = (fit.MapIndexed((_, j, v) => v - means[j]), check.MapIndexed((_, j, v) => v - means[j]));
        double worst = 0;
        for (var k = 7; k >= 1; k--)
        {
            var kept = curve.Order[..k];
            var difference = y - (GramData.Columns(y, kept) * GramData.LeastSquares(z, kept));
            worst = Math.Max(worst, (difference * weights.Transpose()).FrobeniusNorm() / (y * weights.Transpose()).FrobeniusNorm());
            NumericAssert.Within(worst, curve.Errors[k], 1e-5, 1, $"least squares with {k} channels; the ridge is 1e-7 of the mean diagonal");
        }
    }

    [Fact]
    public void The_channel_that_goes_next_is_the_one_that_costs_least_once_the_others_took_over()
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var data = GramData.Correlated(400, seed, 6);
            var (bench, moments) = GramData.Moments(data, check: null, centre: false);

            var curve = BackwardElimination.Run(bench.Group("f1"), [moments], Workbench.Backend, Token);

            var weights = GramData.Weights(bench, 6);
            int[] left = [.. Enumerable.Range(0, 6)];
            for (var width = 5; width >= 1; width--)
            {
                left = left.Select(gone => left.Except([gone]).ToArray())
                    .MinBy(kept => ((data - (GramData.Columns(data, kept) * GramData.LeastSquares(data, kept))) * weights.Transpose()).FrobeniusNorm())!;
                Assert.Equal(left, curve.Order[..width].Order());
            }
        }
    }

    [Fact]
    public void What_elimination_predicts_is_what_least_squares_leaves()
    {
        var data = GramData.Correlated(400, 5, 8);
        var (bench, moments) = GramData.Moments(data, check: null, centre: false);
        using var elimination = new ConsumerElimination(
            moments, 8, moments.Fit(), 1e-13, [.. Enumerable.Repeat(true, 8)], Workbench.Backend);
        var weights = GramData.Weights(bench, 8);
        var energy = Math.Pow((data * weights.Transpose()).FrobeniusNorm(), 2);
        double predicted = 0;

        foreach (var gone in (int[])[3, 0, 6, 1])
        {
            predicted += elimination.Cost(gone);
            elimination.Drop(gone);
        }

        int[] kept = [2, 4, 5, 7];
        var left = (data - (GramData.Columns(data, kept) * GramData.LeastSquares(data, kept))) * weights.Transpose();
        var measured = Math.Pow(left.FrobeniusNorm(), 2) / energy;
        NumericAssert.Within(measured, predicted, 1e-6, measured, "increments sum to the error; moments of weights are those of floats");
        Assert.Equal(0, elimination.Cost(3));
    }

    /// <summary>64 steps are owed at most; the sizes before and after say that a block was paid.</summary>
    [Theory]
    [InlineData(70, 63)]
    [InlineData(70, 64)]
    [InlineData(70, 65)]
    [InlineData(140, 130)]
    public void Blocks_of_steps_leave_the_costs_of_an_inverse_made_anew(int channels, int steps)
    {
        const double Ridge = 1e-4;
        var data = GramData.Correlated(400, 5, channels);
        var (bench, moments) = GramData.Moments(data, check: null, centre: false);
        bool[] all = [.. Enumerable.Repeat(true, channels)];
        int[] gone = [.. Enumerable.Range(0, channels).OrderBy(c => c * 37 % channels).Take(steps)];
        bool[] left = [.. Enumerable.Range(0, channels).Select(c => !gone.Contains(c))];
        using var stepwise = new ConsumerElimination(moments, channels, moments.Fit(), Ridge, all, Workbench.Backend);
        using var anew = new ConsumerElimination(moments, channels, moments.Fit(), Ridge, left, Workbench.Backend);

        Array.ForEach(gone, stepwise.Drop);

        for (var channel = 0; channel < channels; channel++)
        {
            NumericAssert.Within(anew.Cost(channel), stepwise.Cost(channel), 1e-7, anew.Cost(channel), "rounding of down-dates, times the condition that the ridge leaves");
            Assert.Equal(left[channel], stepwise.Cost(channel) > 0);
        }

        Assert.Equal(bench.Group("f1").Channels, channels);
    }

    [Fact]
    public void The_closed_form_of_one_removal_is_the_regression_on_the_others()
    {
        var data = GramData.Correlated(300, 8, 6);
        var gram = data.TransposeThisAndMultiply(data);
        var inverse = gram.Inverse();

        for (var j = 0; j < 6; j++)
        {
            int[] others = [.. Enumerable.Range(0, 6).Where(i => i != j)];
            var target = Oracle.Build.DenseOfColumnVectors(data.Column(j));
            var coefficients = GramData.Columns(data, others).QR().Solve(target);
            var residual = Math.Pow((target - (GramData.Columns(data, others) * coefficients)).FrobeniusNorm(), 2);
            NumericAssert.Within(1, residual * inverse[j, j], 1e-9, 1, "squared residual times H_jj");
            for (var i = 0; i < others.Length; i++)
            {
                NumericAssert.Within(coefficients[i, 0], -inverse[others[i], j] / inverse[j, j], 1e-9, 1, "A_ij = -H_ij / H_jj");
            }
        }
    }

    [Fact]
    public void Three_dimensions_and_a_constant_in_seven_neurons_keep_three_without_loss()
    {
        var sources = GramData.Correlated(3000, 5, 3);
        var random = new Random(1);
        var mixing = Oracle.Build.Dense(3, 7, (_, _) => random.NextDouble() - 0.5);
        var data = (sources * mixing).MapIndexed((_, j, v) => v + j);
        var (bench, moments) = GramData.Moments(data, check: null, centre: true);

        var curve = BackwardElimination.Run(bench.Group("f1"), [moments], Workbench.Backend, Token);

        Assert.All(curve.Errors[3..], error => Assert.True(error < 1e-4, $"{error:g3} is lost among dependent neurons."));
        Assert.True(curve.Errors[2] > 1e-2, "Two neurons cannot be enough.");
    }

    [Fact]
    public void A_sample_that_is_too_small_makes_no_channel_dependent()
    {
        var data = GramData.Correlated(5, 5, 8);
        var (bench, moments) = GramData.Moments(data, check: null, centre: false);

        Assert.Empty(DependentChannels.Find(bench.Group("f1"), [(moments.Consumer, moments.Fit())], Workbench.Backend));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Copied_and_combined_neurons_go_and_outputs_stay(bool convolution)
    {
        var model = Redundant(convolution);
        var bench = new Workbench(model, ModelRunner.Samples(model, 256));
        var group = bench.Group("f1");

        var curve = BackwardElimination.Run(group, bench.Moments(group, centre: true), Workbench.Backend, Token);

        // Neurons 5 and 6 copy 0 and 1, and 7, behind linear units only, is a sum of 2 and 3: five are left of eight.
        int[] kept = [.. curve.Order[..5].Order()];
        // What is stated has the noise of a float Gram, 1e-7 of the energy; outputs are compared below.
        Assert.True(curve.Errors[5] < 1e-3, $"{curve.Errors[5]:g3} is lost with five of eight neurons.");
        Assert.True(curve.Errors[4] > 1e-3, "Four neurons cannot be enough.");
        Assert.Single(kept.Intersect([0, 5]));
        Assert.Single(kept.Intersect([1, 6]));
        var plan = new CompressionPlan(model.SourceSha256, [new ChannelPlan("f1", CompressionMethod.Redundancy, kept, 8, 0, curve.Ridge)]);
        ModelAssert.SameOutputs(model, bench.Rewrite(plan), ModelAssert.Redundant, "three of eight neurons removed", bench.Samples);
    }

    [Fact]
    public void The_copy_in_the_sample_model_is_found()
    {
        var original = OnnxModel.Load(SampleFiles.Model);
        var before = new Workbench(original, ModelRunner.Samples(original, 16));
        var group = before.Analysis.Groups.First(g => g.Producers.Count == 1 && g.Carried.Count == 0 && g.FreeChannels == g.Channels);
        var widened = ChannelDuplication.Duplicate(original, before.Analysis, group, 0);
        var bench = new Workbench(widened, before.Samples);
        var site = bench.Group(group.Name);

        var curve = BackwardElimination.Run(site, bench.Moments(site, centre: true), Workbench.Backend, Token);

        Assert.Equal(group.Channels + 1, site.Channels);
        Assert.True(curve.Errors[group.Channels] < 2e-3, $"{curve.Errors[group.Channels]:g3} is lost with the copy.");
    }

    /// <summary>Linear units: sums of neurons stay sums at the consumer.</summary>
    private static OnnxModel Redundant(bool convolution)
    {
        var builder = new TestModel();
        if (convolution)
        {
            builder.Input("x", "N", 4, 6, 6);
            builder.Conv("f2", builder.Conv("f1", "x", 4, 8, kernel: 3, pad: 1), 8, 3, kernel: 3, pad: 1);
        }
        else
        {
            builder.Input("x", "N", 9);
            builder.Gemm("f2", builder.Gemm("f1", "x", 9, 8), 8, 4);
        }

        var model = builder.Output("f2").Build();
        model.Duplicate("f1", target: 5, source: 0);
        model.Duplicate("f1", target: 6, source: 1);
        model.Combine("f1.w", 0, 7, (2, 0.5f), (3, -1));
        model.Combine("f1.b", 0, 7, (2, 0.5f), (3, -1));
        return model;
    }
}
