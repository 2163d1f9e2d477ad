using OnnxCompress.Calibration;
using OnnxCompress.Numerics;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Interpolative;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using Oracle = MathNet.Numerics.LinearAlgebra.Matrix<double>;

namespace OnnxCompress.Tests.Selection;

/// <summary>Curves and mixings against least squares on the data themselves (fixtures D1 a to d).</summary>
public sealed class InterpolativeTests
{
    private const int Channels = 6;

    /// <summary>The ridge is 1e-7 of the mean diagonal; data with singular values within a factor of ten.</summary>
    private const double Ridge = 1e-5;

    [Theory]
    [InlineData(ChannelSelection.Target, true)]
    [InlineData(ChannelSelection.Target, false)]
    [InlineData(ChannelSelection.PivotedQr, false)]
    public void The_error_curve_is_that_of_least_squares_on_data_it_was_not_fitted_to(ChannelSelection selection, bool centre)
    {
        var (fit, check) = (Data(1000, 3, Channels), Data(300, 4, Channels));
        var (bench, moments) = Moments(fit, check, centre);

        var curve = GreedySelection.Run(bench.Group("f1"), [moments], selection, Workbench.Backend, TestContext.Current.CancellationToken);

        var weights = Oracle.Build.Dense(4, Channels, (i, j) => bench.Model.Floats("f2.w")[(i * Channels) + j]);
        var means = fit.ColumnSums() / (centre ? fit.RowCount : double.PositiveInfinity);
        var (z, y) = (fit.MapIndexed((_, j, v) => v - means[j]), check.MapIndexed((_, j, v) => v - means[j]));
        var least = double.PositiveInfinity;
        for (var k = 0; k <= Channels; k++)
        {
            var mixing = LeastSquares(z, curve.Order[..k]);
            var difference = k == 0 ? y : y - (Columns(y, curve.Order[..k]) * mixing);
            least = Math.Min(least, (difference * weights.Transpose()).FrobeniusNorm() / (y * weights.Transpose()).FrobeniusNorm());
            NumericAssert.Within(least, curve.Errors[k], Ridge, 1, $"least squares with {k} channels");
        }
    }

    [Fact]
    public void The_pivots_of_the_gram_are_those_of_the_data()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var data = Data(700, seed, Channels);
            var (bench, moments) = Moments(data, check: null, centre: false);

            var curve = GreedySelection.Run(bench.Group("f1"), [moments], ChannelSelection.PivotedQr, Workbench.Backend, TestContext.Current.CancellationToken);

            Assert.Equal(PivotedColumns.Of(Ours(data)), curve.Order);
        }
    }

    /// <summary>Of 4 outputs the weights are held, of 20 their moments.</summary>
    [Theory]
    [InlineData(ChannelSelection.Target, 4)]
    [InlineData(ChannelSelection.Target, 20)]
    [InlineData(ChannelSelection.PivotedQr, 4)]
    [InlineData(ChannelSelection.PivotedQr, 20)]
    public void Steps_that_are_paid_in_blocks_are_those_of_least_squares(ChannelSelection selection, int outputs)
    {
        const int Wide = 150; // two blocks of 64, and some steps after them
        var (fit, check) = (Data(20_000, 3, Wide), Data(400, 4, Wide));
        var (bench, moments) = Moments(fit, check, centre: false, Wide, outputs);

        var curve = GreedySelection.Run(bench.Group("f1"), [moments], selection, Workbench.Backend, TestContext.Current.CancellationToken);

        Assert.Equal(outputs == 4, moments.Factor is not null);
        var weights = Oracle.Build.Dense(outputs, Wide, (i, j) => bench.Model.Floats("f2.w")[(i * Wide) + j]);
        var gram = fit.TransposeThisAndMultiply(fit);
        foreach (var k in (int[])[63, 64, 65, 128, 129, 140])
        {
            var kept = curve.Order[..k];
            var mixing = Columns(gram, kept).Transpose();
            var difference = check - (Columns(check, kept) * Columns(mixing, kept).Cholesky().Solve(mixing));
            var error = (difference * weights.Transpose()).FrobeniusNorm() / (check * weights.Transpose()).FrobeniusNorm();
            // A wider choice is never held to be worse than a narrower one.
            NumericAssert.Within(Math.Min(error, curve.Errors[k - 1]), curve.Errors[k], Ridge, 1, $"least squares with {k} channels");
        }

        if (selection == ChannelSelection.PivotedQr)
        {
            Assert.Equal(PivotedColumns.Of(Ours(fit)), curve.Order);
        }
    }

    [Fact]
    public void Data_of_rank_five_are_explained_by_five_channels()
    {
        var data = Data(2000, 9, 5) * Data(5, 10, 12);
        var (bench, moments) = Moments(data, Data(400, 11, 5) * Data(5, 10, 12), centre: false, 12);

        foreach (var selection in (ChannelSelection[])[ChannelSelection.Target, ChannelSelection.PivotedQr])
        {
            var curve = GreedySelection.Run(bench.Group("f1"), [moments], selection, Workbench.Backend, TestContext.Current.CancellationToken);

            Assert.True(curve.Errors[5] < 1e-4, $"{curve.Errors[5]:g3} is left after five channels.");
            Assert.True(curve.Errors[4] > 1e-2, "Four channels cannot be enough.");
        }
    }

    [Fact]
    public void Curves_never_rise_and_end_at_zero()
    {
        var model = OnnxCompress.Models.OnnxModel.Load(SampleFiles.Model);
        var bench = new Workbench(model, ModelRunner.Samples(model, 6));

        foreach (var group in bench.Analysis.Groups)
        {
            var curve = bench.Curve(group, ChannelSelection.Target);
            Assert.All(curve.Errors.Zip(curve.Errors.Skip(1)), pair => Assert.True(pair.Second <= pair.First));
            Assert.Equal(0, curve.Errors[^1]);
            Assert.Equal(Enumerable.Range(0, group.Channels), curve.Order.Order());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(6)]
    public void The_mixing_is_least_squares_and_keeps_kept_channels(int width)
    {
        var data = Data(500, 21, Channels);
        var (_, moments) = Moments(data, check: null, centre: false);
        int[] kept = [.. Enumerable.Range(0, width)];

        var mixing = ChannelMixing.Solve(moments.Total(), kept, ChannelMixing.SmallestRidge, Workbench.Backend).Mixing;

        var expected = LeastSquares(data, kept);
        NumericAssert.RelativeFrobenius(Ours(expected), mixing, Ridge, "least squares");
        for (var i = 0; i < width; i++)
        {
            for (var k = 0; k < width; k++)
            {
                Assert.Equal(i == k ? 1 : 0, mixing[k, i]);
            }
        }
    }

    [Fact]
    public void A_plan_that_names_no_ridge_gets_the_smallest()
    {
        // Two channels that are one: without a ridge nothing can be solved, and ten times nothing is nothing.
        var gram = new Matrix<double>(3, 3);
        gram.Values.Fill(1);

        var mixing = ChannelMixing.Solve(new ChannelMoments(gram, null, 10), [0, 1], 0, Workbench.Backend).Mixing;

        NumericAssert.Within(1, mixing[0, 2] + mixing[1, 2], 1e-6, 1, "the third is what the other two are together, less the ridge");
    }

    [Fact]
    public void No_choice_of_channels_beats_the_singular_values()
    {
        var data = Data(300, 31, Channels);
        var values = data.Svd(computeVectors: false).S;
        var (bench, moments) = Moments(data, check: null, centre: false);
        var curve = GreedySelection.Run(bench.Group("f1"), [moments], ChannelSelection.PivotedQr, Workbench.Backend, TestContext.Current.CancellationToken);

        for (var k = 1; k < Channels; k++)
        {
            var residual = data - (Columns(data, curve.Order[..k]) * LeastSquares(data, curve.Order[..k]));
            var largest = residual.Svd(computeVectors: false).S[0];
            // Kawamura and Suda 2021: the least upper bound of column-pivoted QR.
            var bound = values[k] * Math.Sqrt(((Math.Pow(4, k) - 1) / 3 * (Channels - k)) + 1);
            Assert.True(largest >= values[k] * (1 - 1e-10) && largest <= bound, $"k = {k}: {largest:g6} is not in [{values[k]:g6}, {bound:g6}].");
        }
    }

    [Fact]
    public void A_run_with_two_consumers_judges_each_against_its_own_output()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 5);
        builder.Relu("r", builder.Gemm("f1", "x", 5, 8));
        builder.Node("Concat", "both", [builder.Gemm("fa", "r", 8, 3), builder.Node("Mul", "loud", [builder.Gemm("fb", "r", 8, 3), builder.Scalar("k", 1000)])], ("axis", 1));
        var model = builder.Output("both").Build();
        var scaled = model.Clone();
        scaled.Edit("fb.w", w => Array.ForEach([.. Enumerable.Range(0, w.Length)], i => w[i] *= 1000));

        var (plain, loud) = (new Workbench(model), new Workbench(scaled));
        var (a, b) = (plain.Curve(plain.Group("f1"), ChannelSelection.Target), loud.Curve(loud.Group("f1"), ChannelSelection.Target));

        Assert.Equal(a.Order, b.Order);
    }

    /// <summary>Normal numbers, mixed so that channels are correlated and their means are not zero.</summary>
    private static Oracle Data(int rows, int seed, int columns)
    {
        var random = new Random(seed);
        var mixing = Oracle.Build.Dense(columns, columns, (i, j) => i == j ? 1 : 0.4 * (new Random((i * 31) + j).NextDouble() - 0.5));
        return (Oracle.Build.Dense(rows, columns, (_, _) => random.NextDouble() + random.NextDouble() - 0.7) * mixing).MapIndexed((_, j, v) => v * (1 + (0.2 * j)));
    }

    private static Oracle Columns(Oracle data, int[] indices) => Oracle.Build.DenseOfColumnVectors(indices.Select(data.Column));

    private static Oracle LeastSquares(Oracle data, int[] kept) =>
        kept.Length == 0 ? Oracle.Build.Dense(1, data.ColumnCount) : Columns(data, kept).QR().Solve(data);

    private static Matrix<double> Ours(Oracle data) => new(data.RowCount, data.ColumnCount, data.ToRowMajorArray());

    private static (Workbench Bench, ConsumerMoments Moments) Moments(Oracle fit, Oracle? check, bool centre, int channels = Channels, int outputs = 4)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 3);
        builder.Gemm("f2", builder.Gemm("f1", "x", 3, channels), channels, outputs);
        var bench = new Workbench(builder.Output("f2").Build());
        var consumer = bench.Group("f1").ConsumerLayers[0];
        var statistics = new CalibrationStatistics(bench.Model.SourceSha256) { Samples = fit.RowCount };
        var tap = statistics.Open(ChannelTap.Of(consumer).Key, channels);
        Fill(tap.Fit, fit);
        if (check is not null)
        {
            Fill(tap.Check, check);
        }

        return (bench, new ConsumerMoments(consumer, bench.Model.Graph, statistics, Workbench.Backend, centre));
    }

    private static void Fill(ChannelStatistics statistics, Oracle data)
    {
        data.TransposeThisAndMultiply(data).ToRowMajorArray().CopyTo(statistics.Gram, 0);
        data.ColumnSums().ToArray().CopyTo(statistics.Sums, 0);
        statistics.Restore(data.RowCount);
    }
}
