using OnnxCompress.Calibration;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Timing;

namespace OnnxCompress.Tests.Selection.LowRank;

/// <summary>What splits state and make, against singular values of MathNet and against the data themselves.</summary>
public sealed class SplitTests
{
    /// <summary>Singular values of matrices of some ten rows, in double.</summary>
    private const double Rounding = 1e-10;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 7)]
    [InlineData(7, 1)]
    [InlineData(9, 20)]
    [InlineData(20, 9)]
    public void A_truncated_weight_misses_the_tail_of_the_spectrum(int outputs, int inputs)
    {
        var weight = NumericMatrices.Uniform(outputs, inputs, seed: 3);
        var problem = LayerCase.Weights(weight, inputs);
        var plain = new PlainSplit(Workbench.Backend);
        var values = LayerCase.SingularValues(weight);

        foreach (var option in plain.Price(problem))
        {
            var missed = LayerCase.Difference(weight, LayerCase.Product(plain.Build(problem, option.Shape), inputs));
            var rank = option.Shape.Rank;
            var tail = Math.Sqrt(values.Skip(rank).Sum(v => v * v));
            NumericAssert.Within(tail, NumericAssert.Norm(missed), Rounding, values[0], "Eckart and Young, Frobenius");
            NumericAssert.Within(rank < values.Length ? values[rank] : 0, LayerCase.SpectralNorm(missed), Rounding, values[0], "Eckart and Young, spectral");
            NumericAssert.Within(tail / NumericAssert.Norm(weight), option.Error, 1e-7, 1, "square root of a difference near zero");
        }
    }

    [Fact]
    public void Columns_and_rows_are_priced_for_channels_as_the_data_have_them()
    {
        const int Channels = 6, Seen = 2;
        var sources = NumericMatrices.Product(NumericMatrices.Uniform(300, Seen, seed: 4), NumericMatrices.Uniform(Seen, Channels, seed: 5));
        var statistics = new TapStatistics(Channels);
        Workbench.Backend.Gram(sources).Values.CopyTo(statistics.Fit.Gram);
        statistics.Fit.Restore(sources.Rows);
        var problem = LayerCase.Weights(NumericMatrices.Uniform(8, Channels * 9, seed: 3), Channels, 3, 3);
        SplitOption[] On(LayerProblem layer) => [.. SplitCurves.Of(layer, [SplitForm.Spatial], new WidthAlignment(1), Workbench.Backend)];

        var (white, data) = (On(problem), On(problem with { Input = statistics }));

        // Of six channels that are combinations of two, as many columns say everything as of two channels.
        var enough = Array.FindIndex(data, o => o.Error < 1e-6);
        Assert.Equal(Seen * 3, data[enough].Shape.Rank);
        Assert.True(white[enough].Error > 0.1);
    }

    [Fact]
    public void One_group_of_channels_is_the_plain_decomposition()
    {
        var weight = NumericMatrices.Uniform(10, 24, seed: 5);
        var problem = LayerCase.Weights(weight, 6, 2, 2);
        var (alds, plain) = (new AldsSplit(Workbench.Backend), new PlainSplit(Workbench.Backend));
        var values = LayerCase.SingularValues(weight);
        var options = alds.Price(problem).Where(o => o.Shape.Groups == 1).ToArray();

        Assert.Equal(10, options.Length);
        foreach (var option in options)
        {
            var shape = new SplitShape(SplitForm.Plain, option.Shape.Rank);
            NumericAssert.Within(option.Shape.Rank < 10 ? values[option.Shape.Rank] / values[0] : 0, option.Error, Rounding, 1, "next singular value");
            NumericAssert.RelativeFrobenius(
                LayerCase.Product(plain.Build(problem, shape), 24), LayerCase.Product(alds.Build(problem, option.Shape), 24), Rounding, "the same decomposition");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void The_bound_holds_on_random_weights_and_the_released_one_is_below_the_error(int groups)
    {
        var weight = NumericMatrices.Uniform(32, 48, seed: 7);

        AssertBound(LayerCase.Weights(weight, 16, 3), groups, out var released);

        // Up to rounding: with one group both are the error itself.
        Assert.True(released >= 1 - Rounding, $"error / released bound is {released}");
    }

    [Fact]
    public void Four_identical_blocks_have_twice_the_error_of_one()
    {
        var block = NumericMatrices.Uniform(12, 6, seed: 9);
        var weight = new Matrix<double>(12, 24);
        for (var i = 0; i < weight.Values.Length; i++)
        {
            weight.Values[i] = block[i / 24, i % 6];
        }

        var problem = LayerCase.Weights(weight, 24, 1, 1);
        var spectra = new AldsSpectra(problem, Workbench.Backend);
        for (var rank = 1; rank < 6; rank++)
        {
            var missed = LayerCase.Difference(weight, LayerCase.Product(new AldsSplit(Workbench.Backend).Build(problem, new SplitShape(SplitForm.Alds, rank, 4)), 24));
            var error = LayerCase.SpectralNorm(missed) / LayerCase.SpectralNorm(weight);

            NumericAssert.Within(2, error / spectra.Bounds(4, asReleased: true)[rank], Rounding, 1, "sqrt(4) times the largest block");
            NumericAssert.Within(error, spectra.Bounds(4)[rank], Rounding, 1, "the bound is met");
        }
    }

    [Fact]
    public void The_bound_holds_on_trained_weights()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        var bench = new Workbench(model, ModelRunner.Samples(model, count: 1));
        var problems = SplitSites.Find(bench.Analysis)
            .Select(l => new LayerProblems(bench.Analysis, new CalibrationStatistics(model.SourceSha256)).Of(l, model.Graph))
            .Where(p => p.Size.Kernel.Length > 0 && p.Size.Inputs >= 8)
            .OrderBy(p => p.Weight.Rows * p.Weight.Columns)
            .Take(3)
            .ToArray();

        Assert.NotEmpty(problems);
        foreach (var problem in problems)
        {
            AssertBound(problem, 1, out _);
            AssertBound(problem, AldsSplit.GroupsOf(problem.Size).First(g => g >= 4), out _);
        }
    }

    [Theory]
    [InlineData(12, 8, true)]
    [InlineData(12, 8, false)]
    [InlineData(5, 20, true)]
    [InlineData(5, 20, false)]
    [InlineData(1, 4, true)]
    public void Directions_of_the_outputs_are_never_worse_than_those_of_the_weight(int inputs, int outputs, bool bias)
    {
        var layer = new LayerCase(inputs, outputs, bias);
        var (response, plain) = (new ResponseSplit(Workbench.Backend), new PlainSplit(Workbench.Backend));
        var norm = NumericAssert.Norm(layer.Outputs);

        for (var rank = 1; rank <= Math.Min(inputs, outputs); rank++)
        {
            var ours = layer.OutputError(response.Build(layer.Problem, new SplitShape(SplitForm.Response, rank)));
            var published = layer.OutputError(plain.Build(layer.Problem, new SplitShape(SplitForm.Plain, rank)));

            Assert.True(ours <= published + (Rounding * norm), $"rank {rank}: {ours} against {published}");
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_error_that_the_response_states_is_that_of_its_layer(bool bias)
    {
        var layer = new LayerCase(12, 8, bias);
        var response = new ResponseSplit(Workbench.Backend);
        // About the means where the bias takes them up, as the curve says.
        var energy = Energy(layer, bias);

        foreach (var option in response.Price(layer.Problem))
        {
            var error = layer.OutputError(response.Build(layer.Problem, option.Shape));
            NumericAssert.Within(error / energy, option.Error, 1e-6, 1, "square root of a difference near zero");
        }
    }

    [Fact]
    public void With_few_rows_directions_are_drawn_towards_those_of_the_weight()
    {
        // Sixty rows, of which a fold has half, for forty outputs: most directions of the measured covariance are noise.
        const int Inputs = 60, Outputs = 40, Rank = 16, Rows = 30;
        double[] scales = [.. Enumerable.Range(0, Inputs).Select(i => Math.Pow(0.93, i))];
        var weight = NumericMatrices.ScaleColumns(NumericMatrices.Uniform(Outputs, Inputs, seed: 1), scales);
        Matrix<double> Made(int rows, int seed) => NumericMatrices.Product(NumericMatrices.Uniform(rows, Inputs, seed), weight, transposeB: Transpose.Yes);
        var statistics = new TapStatistics(Outputs);
        statistics.Fit.Add(Float(Made(Rows, 2)), Workbench.Backend);
        statistics.Check.Add(Float(Made(Rows, 3)), Workbench.Backend);
        var problem = new LayerProblem { Size = new LayerSize(Inputs, Outputs, [], [1], [1]), Weight = weight, Output = statistics };
        var unseen = Made(1000, 4);

        double Missed(Matrix<double> directions)
        {
            var along = NumericMatrices.Product(unseen, directions);
            return NumericAssert.Norm(LayerCase.Difference(unseen, NumericMatrices.Product(along, directions, transposeB: Transpose.Yes))) / NumericAssert.Norm(unseen);
        }

        var response = new ResponseSplit(Workbench.Backend);
        var ours = Missed(response.Build(problem, new SplitShape(SplitForm.Response, Rank)).Chain[^1].Weight);
        var ofRows = Missed(First(Workbench.Backend.SymmetricEigen(problem.OutputMoments(statistics.Total(), statistics.Total()).Gram).Vectors, Rank));
        var best = Missed(First(Workbench.Backend.SymmetricEigen(Workbench.Backend.Multiply(weight, weight, Transpose.No, Transpose.Yes)).Vectors, Rank));

        // Inputs are white, so the weight's own directions are the best there are.
        Assert.True(ours - best < 0.5 * (ofRows - best), $"{ours}; {ofRows} by rows alone, {best} at best");
        NumericAssert.Within(ours, response.Errors(problem)[Rank], 0.1, 1, "the other fold has thirty rows");
    }

    [Fact]
    public void A_layer_with_few_inputs_is_priced_in_their_directions_as_in_all()
    {
        const int Inputs = 10, Outputs = 40, Rows = 3000;
        var weight = NumericMatrices.Uniform(Outputs, Inputs, seed: 1);
        Matrix<double> Made(int seed) => NumericMatrices.Product(NumericMatrices.Uniform(Rows, Inputs, seed), weight, transposeB: Transpose.Yes);
        var statistics = new TapStatistics(Outputs);
        statistics.Fit.Add(Float(Made(2)), Workbench.Backend);
        statistics.Check.Add(Float(Made(3)), Workbench.Backend);
        var problem = new LayerProblem { Size = new LayerSize(Inputs, Outputs, [], [1], [1]), Weight = weight, Output = statistics };

        var errors = new ResponseSplit(Workbench.Backend).Errors(problem);

        var all = Workbench.Backend.SymmetricEigen(problem.OutputMoments(statistics.Fit, statistics.Fit).Gram).Vectors;
        var judged = problem.OutputMoments(statistics.Check, statistics.Fit).Gram;
        var whole = Enumerable.Range(0, Outputs).Sum(o => judged[o, o]);
        for (var rank = 1; rank < Inputs; rank++)
        {
            var first = First(all, rank);
            var kept = NumericMatrices.Product(NumericMatrices.Product(first, judged, Transpose.Yes), first);
            var left = whole - Enumerable.Range(0, rank).Sum(r => kept[r, r]);
            Assert.Equal(Math.Sqrt(left / whole), errors[rank], 1e-4);
        }
    }

    [Fact]
    public void Entries_of_a_table_that_no_sample_looked_up_keep_their_directions()
    {
        // Thousands of rows, all of the first twenty entries, which lie in other directions than the rest.
        const int Seen = 20, Entries = 200, Outputs = 16, Rank = 10, Rows = 4000;
        var weight = NumericMatrices.Uniform(Outputs, Entries, seed: 1);
        for (var entry = 0; entry < Entries; entry++)
        {
            for (var o = 0; o < Outputs; o++)
            {
                weight[o, entry] *= entry < Seen == o < Outputs / 2 ? 1 : 0.1;
            }
        }

        Matrix<double> LookedUp(int seed)
        {
            var random = new Random(seed);
            var rows = new Matrix<double>(Rows, Outputs);
            for (var r = 0; r < Rows; r++)
            {
                var entry = random.Next(Seen);
                for (var o = 0; o < Outputs; o++)
                {
                    rows[r, o] = weight[o, entry];
                }
            }

            return rows;
        }

        var statistics = new TapStatistics(Outputs);
        statistics.Fit.Add(Float(LookedUp(2)), Workbench.Backend);
        statistics.Check.Add(Float(LookedUp(3)), Workbench.Backend);
        var response = new ResponseSplit(Workbench.Backend);
        double Missed(bool isTable, int from, int to)
        {
            var problem = new LayerProblem { Size = new LayerSize(Entries, Outputs, [], [1], [1], isTable), Weight = weight, Output = statistics };
            var factors = response.Build(problem, new SplitShape(SplitForm.Response, Rank)).Chain;
            var made = NumericMatrices.Product(factors[1].Weight, factors[0].Weight);
            var sum = 0.0;
            for (var entry = from; entry < to; entry++)
            {
                for (var o = 0; o < Outputs; o++)
                {
                    sum += (made[o, entry] - weight[o, entry]) * (made[o, entry] - weight[o, entry]);
                }
            }

            return Math.Sqrt(sum);
        }

        Assert.True(Missed(true, Seen, Entries) < 0.8 * Missed(false, Seen, Entries), $"{Missed(true, Seen, Entries)} of {Missed(false, Seen, Entries)}");
        Assert.True(Missed(true, 0, Seen) < 0.5 * NumericAssert.Norm(LookedUp(2)) * Math.Sqrt((double)Seen / Rows), "what was looked up counts as well");
    }

    [Fact]
    public void A_bias_that_must_stay_is_left_out_of_the_directions()
    {
        // The bias points where no input ever does: fitted to outputs with it, rank one would be spent on a constant.
        var layer = new LayerCase(3, 6, bias: true);
        var problem = layer.Problem with { TakesMean = false };
        var response = new ResponseSplit(Workbench.Backend);

        var factors = response.Build(problem, new SplitShape(SplitForm.Response, 3));

        Assert.Null(factors.Offset);
        NumericAssert.Within(0, layer.OutputError(factors), 1e-6, NumericAssert.Norm(layer.Outputs), "three inputs span all that is left");
    }

    [Fact]
    public void The_error_of_the_input_side_is_that_of_its_layer_and_never_above_plain()
    {
        var layer = new LayerCase(12, 8, bias: false);
        var (input, plain) = (new InputSplit(Workbench.Backend), new PlainSplit(Workbench.Backend));
        var norm = NumericAssert.Norm(layer.Outputs);

        foreach (var option in input.Price(layer.Problem).Where(o => o.Shape.Rank <= 8))
        {
            var error = layer.OutputError(input.Build(layer.Problem, option.Shape));
            NumericAssert.Within(error / norm, option.Error, 1e-6, 1, "exact for matrix products");
            Assert.True(error <= layer.OutputError(plain.Build(layer.Problem, new SplitShape(SplitForm.Plain, option.Shape.Rank))) + (1e-6 * norm));
        }
    }

    [Theory]
    [InlineData(1, 8)]
    [InlineData(8, 1)]
    [InlineData(2, 2)]
    public void A_layer_that_is_thin_already_offers_nothing(int inputs, int outputs)
    {
        var problem = LayerCase.Weights(NumericMatrices.Uniform(outputs, inputs, 1), inputs);

        foreach (var form in Enum.GetValues<SplitForm>())
        {
            Assert.Empty(SplitCurves.Of(problem, [form], new WidthAlignment(1), Workbench.Backend));
        }
    }

    [Fact]
    public void What_is_offered_is_smaller_and_aligned()
    {
        var layer = new LayerCase(64, 64, rows: 100);

        foreach (var form in Enum.GetValues<SplitForm>())
        {
            var options = SplitCurves.Of(layer.Problem, [form], new WidthAlignment(8), Workbench.Backend);
            Assert.NotEmpty(options);
            Assert.All(options, o => Assert.Equal(0, o.Shape.Rank % 8));
            Assert.All(options, o => Assert.True(SplitCost.Of(o.Shape, layer.Problem.Size).Parameters < 64 * 64));
            Assert.All(options, o => Assert.InRange(o.Error, 0, 1));
        }
    }

    [Fact]
    public void A_table_is_split_for_its_size_alone()
    {
        var size = new LayerSize(100, 16, [], [5], [5], IsTable: true);

        var cost = SplitCost.Of(new SplitShape(SplitForm.Response, 4), size);

        Assert.Equal(new SplitCost((4 * 100) + (4 * 16), 4 * 16 * 5, 2), cost);
        Assert.True(cost.Pays(size));
        Assert.Equal(0, SplitCost.Whole(size).Macs);
    }

    private static void AssertBound(LayerProblem problem, int groups, out double released)
    {
        var spectra = new AldsSpectra(problem, Workbench.Backend);
        var (bounds, lower) = (spectra.Bounds(groups), spectra.Bounds(groups, asReleased: true));
        var norm = LayerCase.SpectralNorm(problem.Weight);
        released = double.PositiveInfinity;
        for (var rank = 1; rank < bounds.Length - 1; rank++)
        {
            var product = LayerCase.Product(new AldsSplit(Workbench.Backend).Build(problem, new SplitShape(SplitForm.Alds, rank, groups)), problem.Weight.Columns);
            var error = LayerCase.SpectralNorm(LayerCase.Difference(problem.Weight, product)) / norm;
            Assert.True(error <= bounds[rank] + Rounding, $"{groups} groups, rank {rank}: {error} above {bounds[rank]}");
            released = Math.Min(released, lower[rank] > 0 ? error / lower[rank] : double.PositiveInfinity);
        }

        Assert.Equal(0, bounds[^1]);
    }

    private static Matrix<float> Float(Matrix<double> values) => new(values.Rows, values.Columns, [.. values.Values.ToArray().Select(v => (float)v)]);

    private static Matrix<double> First(Matrix<double> vectors, int count)
    {
        var first = new Matrix<double>(vectors.Rows, count);
        for (var i = 0; i < vectors.Rows; i++)
        {
            vectors.Row(i)[..count].CopyTo(first.Row(i));
        }

        return first;
    }

    private static double Energy(LayerCase layer, bool centred)
    {
        var outputs = layer.Outputs.Clone();
        for (var j = 0; centred && j < outputs.Columns; j++)
        {
            var mean = Enumerable.Range(0, outputs.Rows).Average(i => layer.Outputs[i, j]);
            for (var i = 0; i < outputs.Rows; i++)
            {
                outputs[i, j] -= mean;
            }
        }

        return NumericAssert.Norm(outputs);
    }
}
