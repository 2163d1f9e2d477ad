using OnnxCompress.Allocation;
using OnnxCompress.Calibration;
using OnnxCompress.Models;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection;

/// <summary>Importance sampling of channels: the estimate, its sizes, and what becomes of a network (fixtures D4).</summary>
public sealed class CoresetTests
{
    private const int Seeds = 2000;

    /// <summary>Contributions of 40 channels to one output, and what they are drawn by.</summary>
    private static readonly double[] Contributions = [.. Enumerable.Range(0, 40).Select(j => (1 + Math.Sin(j)) / (1 + (0.2 * j)))];

    private static readonly double[] Probabilities = Normalised([.. Contributions.Select((c, j) => c + (0.05 * (1 + (j % 3))))]);

    [Fact]
    public void A_fixed_number_of_draws_estimates_without_bias()
    {
        var estimates = Estimates(random => ImportanceSample.Draw(Probabilities, 12, random, Workbench.Backend));

        var (mean, standardError) = (estimates.Average(), Deviation(estimates) / Math.Sqrt(Seeds));
        NumericAssert.Within(Contributions.Sum(), mean, 4, standardError, "four standard errors of 2,000 draws");
    }

    [Fact]
    public void Drawing_until_enough_are_different_is_biased_and_this_test_sees_it()
    {
        // The released code stops at a number of different channels: the number of draws then depends on what was drawn.
        var estimates = Estimates(random => UntilDistinct(12, random), 4 * Seeds);

        var (mean, standardError) = (estimates.Average(), Deviation(estimates) / Math.Sqrt(estimates.Length));
        Assert.True(Contributions.Sum() - mean > 4 * standardError, $"{mean:g6} +- {standardError:g3} against {Contributions.Sum():g6}");
    }

    [Fact]
    public void The_variance_is_that_of_the_formula_and_falls_with_the_draws()
    {
        var sum = Contributions.Sum();
        var single = Contributions.Zip(Probabilities).Sum(p => p.First * p.First / p.Second) - (sum * sum);

        foreach (var draws in (int[])[8, 32, 128])
        {
            var deviation = Deviation(Estimates(random => ImportanceSample.Draw(Probabilities, draws, random, Workbench.Backend)));
            NumericAssert.Within(single / draws, deviation * deviation, 0.2, single / draws, "a sample variance of 2,000 is within 4 * sqrt(2 / 2,000), times the kurtosis");
        }
    }

    [Fact]
    public void Probabilities_proportional_to_the_contributions_leave_no_variance()
    {
        var exact = Normalised(Contributions);

        for (var seed = 0; seed < 20; seed++)
        {
            var sample = ImportanceSample.Draw(exact, 9, new Random(seed), Workbench.Backend);
            NumericAssert.Within(Contributions.Sum(), Contributions.Index().Sum(c => c.Item * sample.Factor(c.Index)), 1e-13, Contributions.Sum(), "rounding");
        }
    }

    [Fact]
    public void What_has_no_probability_is_never_drawn()
    {
        var sample = ImportanceSample.Draw([0, 0.5, 0, 0.5, 0], 10_000, new Random(1), Workbench.Backend);

        Assert.Equal([false, true, false, true, false], sample.Counts.Select(c => c > 0));
        Assert.Equal(0, sample.Factor(4));
    }

    [Fact]
    public void The_most_draws_within_a_width_are_the_most()
    {
        for (var width = 1; width < 40; width++)
        {
            var draws = CoresetSize.MostWithin(Probabilities, width);
            Assert.True(CoresetSize.ExpectedDistinct(Probabilities, draws) <= width);
            Assert.True(CoresetSize.ExpectedDistinct(Probabilities, draws + 1) > width);
        }
    }

    [Fact]
    public void The_stated_size_grows_with_accuracy_and_dimension()
    {
        Assert.Equal(Math.Ceiling(5 / 0.01 * ((10 * Math.Log(5)) + Math.Log(20))), CoresetSize.Stated(5, 10, 0.1, 0.05));
        Assert.True(CoresetSize.Stated(5, 10, 0.05, 0.05) > 3.9 * CoresetSize.Stated(5, 10, 0.1, 0.05));
        Assert.Throws<ArgumentOutOfRangeException>(() => CoresetSize.Stated(5, 10, 1, 0.05));
        Assert.Throws<ArgumentOutOfRangeException>(() => CoresetSize.Stated(5, 10, 0.1, 0));
    }

    [Fact]
    public void Sensitivities_are_those_of_the_definition_with_the_bias_as_a_coordinate()
    {
        var bench = new Workbench(Perceptron("Relu"));

        var sensitivities = Sensitivities(bench);

        var (w, b, v) = (bench.Model.Floats("f1.w"), bench.Model.Floats("f1.b"), bench.Model.Floats("f2.w"));
        var points = Enumerable.Range(0, 8).Select(j => Math.Sqrt(Enumerable.Range(0, 5).Sum(i => Math.Pow(w[(j * 5) + i], 2)) + Math.Pow(b[j], 2))).ToArray();
        for (var j = 0; j < 8; j++)
        {
            var expected = Enumerable.Range(0, 4).Max(i => Math.Abs(v[(i * 8) + j]) * points[j] / Enumerable.Range(0, 8).Sum(q => Math.Abs(v[(i * 8) + q]) * points[q]));
            NumericAssert.Within(expected, sensitivities.Values[j], 1e-6, 1, "float weights");
        }

        Assert.InRange(sensitivities.Total, 1, 8);
    }

    [Theory]
    [InlineData("Relu")]
    [InlineData("Sigmoid")]
    [InlineData("Tanh")]
    [InlineData("HardSwish")]
    [InlineData("LeakyRelu")]
    [InlineData("Elu")]
    [InlineData("Softplus")]
    [InlineData("HardSigmoid")]
    [InlineData("Softsign")]
    [InlineData("Mish")]
    public void An_envelope_bounds_its_activation_on_both_sides_of_zero(string activation)
    {
        var builder = new TestModel(opset: 18);
        builder.Input("x", "N", 1);
        var model = builder.Output(builder.Node(activation, "a", ["x"])).Build();
        var envelope = ActivationEnvelope.Of(model.Graph.Nodes.Single(), model.Graph)!;

        var samples = ModelRunner.Samples(model, 200);
        var outputs = Assert.Single(ModelRunner.Run(model, samples, 200));

        var inputs = (float[])samples.Read([.. Enumerable.Range(0, 200)])[0].Values;
        double before = 0;
        for (var i = 0; i < inputs.Length; i++)
        {
            var bound = envelope(Math.Abs(inputs[i]));
            Assert.True(Math.Abs(outputs.Values[i]) <= bound + 1e-6, $"|{activation}({inputs[i]})| = {Math.Abs(outputs.Values[i])} > {bound}");
        }

        foreach (var u in Enumerable.Range(0, 100).Select(i => 0.1 * i))
        {
            Assert.True(envelope(u) >= before, $"The envelope of {activation} falls at {u}.");
            before = envelope(u);
        }
    }

    [Fact]
    public void Activations_are_within_the_bounds_that_weights_imply()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        var bench = new Workbench(model, ModelRunner.Samples(model, 16));
        var statistics = bench.Statistics;

        foreach (var group in bench.Analysis.Groups)
        {
            foreach (var consumer in group.ConsumerLayers)
            {
                var bounds = new ChannelBounds(bench.Analysis.Relations, new PointNorms(bench.Analysis, statistics)).Of(consumer, group);
                var total = statistics.Of(ChannelTap.Of(consumer)).Total();
                for (var c = 0; c < bounds.Length; c++)
                {
                    // Root mean square against a bound for inputs of root-mean-square norm, with room for a norm that varies.
                    var size = Math.Sqrt(total.Gram[c * (bounds.Length + 1)] / total.Rows);
                    Assert.True(size <= 2 * bounds[c], $"{consumer.Layer.Node.Name}, channel {c}: {size:g4} > 2 * {bounds[c]:g4}");
                }
            }
        }
    }

    [Fact]
    public void A_sigmoid_neuron_without_weights_still_counts_and_a_rectifier_does_not()
    {
        foreach (var (activation, counts) in ((string, bool)[])[("Sigmoid", true), ("Relu", false)])
        {
            var model = Perceptron(activation);
            model.Edit("f1.w", w => w.AsSpan(15, 5).Clear());
            model.Edit("f1.b", b => b[3] = 0);

            Assert.Equal(counts, Sensitivities(new Workbench(model)).Values[3] > 0);
        }
    }

    [Fact]
    public void A_neuron_that_nobody_weighs_is_never_kept_before_others()
    {
        var model = Perceptron("Relu");
        model.Edit("f2.w", v =>
        {
            for (var i = 0; i < 4; i++)
            {
                v[(i * 8) + 2] = 0;
            }
        });
        var bench = new Workbench(model);

        for (var seed = 0; seed < 50; seed++)
        {
            var plan = Draw(bench, 5, seed);
            Assert.DoesNotContain(plan.Kept.Zip(plan.Factors!), k => k.First == 2 && k.Second > 0);
            Assert.All(plan.Factors!, f => Assert.True(double.IsFinite(f)));
        }
    }

    [Fact]
    public void Kept_neurons_keep_their_weights_and_bias_and_readers_are_scaled()
    {
        var bench = new Workbench(Perceptron("Relu"));
        var plan = Draw(bench, 5, seed: 3);

        var compressed = bench.Rewrite(new CompressionPlan(bench.Model.SourceSha256, [plan]));

        Assert.Equal(plan.Kept.Select(k => bench.Model.Floats("f1.b")[k]), compressed.Floats("f1.b"));
        Assert.Equal(plan.Kept.SelectMany(k => bench.Model.Floats("f1.w").AsSpan(k * 5, 5).ToArray()), compressed.Floats("f1.w"));
        Assert.Equal(bench.Model.Floats("f2.b"), compressed.Floats("f2.b"));
        for (var i = 0; i < 4; i++)
        {
            for (var k = 0; k < 5; k++)
            {
                Assert.Equal((float)(bench.Model.Floats("f2.w")[(i * 8) + plan.Kept[k]] * plan.Factors![k]), compressed.Floats("f2.w")[(i * 5) + k]);
            }
        }
    }

    [Fact]
    public void The_width_is_met_exactly_and_seeds_decide_the_sample()
    {
        var bench = new Workbench(Perceptron("Relu", hidden: 64), null);
        var plans = Enumerable.Range(0, 30).Select(seed => Draw(bench, 32, seed)).ToArray();

        Assert.All(plans, plan => Assert.Equal(32, plan.Kept.Count));
        Assert.Equal(plans[4].Kept, Draw(bench, 32, 4).Kept);
        Assert.Equal(plans[4].Factors, Draw(bench, 32, 4).Factors);
        Assert.Contains(plans, plan => !plan.Kept.SequenceEqual(plans[4].Kept));
    }

    [Fact]
    public void Layers_go_bottom_to_top_so_that_the_second_sample_sees_what_the_first_left()
    {
        var builder = new TestModel();
        builder.Input("x", "N", 5);
        builder.Gemm("f3", builder.Relu("r2", builder.Gemm("f2", builder.Relu("r1", builder.Gemm("f1", "x", 5, 12)), 12, 12)), 12, 3);
        var bench = new Workbench(builder.Output("f3").Build());
        var norms = new PointNorms(bench.Analysis, bench.Statistics);
        var layer = bench.Analysis.Relations.Layers.Single(l => l.Node.Name == "f2");
        var before = norms.Of(layer);
        var factors = new double[12];
        factors[4] = 2;

        norms.Scale(bench.Group("f1").ConsumerLayers[0], factors);

        var (w, b) = (bench.Model.Floats("f2.w"), bench.Model.Floats("f2.b"));
        var radius = before[0] / Math.Sqrt(Enumerable.Range(0, 12).Sum(i => Math.Pow(w[i], 2)) + Math.Pow(b[0], 2));
        NumericAssert.Within(radius * Math.Sqrt(Math.Pow(2 * w[4], 2) + Math.Pow(b[0], 2)), norms.Of(layer)[0], 1e-6, before[0], "one input of twice the weight, and the bias");
    }

    [Fact]
    public void More_draws_to_choose_from_have_a_smaller_error_by_weights()
    {
        var bench = new Workbench(Perceptron("Relu", hidden: 64), null);
        var sensitivities = Sensitivities(bench);
        double Mean(int candidates) => Enumerable.Range(0, 20).Average(seed =>
            CoresetDraw.Of(bench.Group("f1").Segments, bench.Group("f1").IsFree, [32], sensitivities, candidates, new Random(seed), Workbench.Backend).Error(sensitivities));

        Assert.True(Mean(16) < 0.9 * Mean(1));
    }

    [Fact]
    public void A_plan_with_factors_reads_back_as_it_was_written()
    {
        var bench = new Workbench(Perceptron("Relu"));
        var plan = new CompressionPlan(bench.Model.SourceSha256, [Draw(bench, 5, seed: 3)]);
        using var folder = new TemporaryFolder();

        plan.Save(folder.File("plan.json"));

        var read = Assert.Single(CompressionPlan.Load(folder.File("plan.json")).Channels);
        Assert.Equal(plan.Channels.Single().Factors, read.Factors);
        Assert.Equal(CompressionMethod.Coreset, read.Method);
        Assert.True(plan.NeedsNoData);
    }

    private static OnnxModel Perceptron(string activation, int hidden = 8)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 5);
        builder.Gemm("f2", builder.Node(activation, "a", [builder.Gemm("f1", "x", 5, hidden)]), hidden, 4);
        return builder.Output("f2").Build();
    }

    private static ChannelSensitivities Sensitivities(Workbench bench) => ChannelSensitivities.Of(
        bench.Group("f1"), bench.Model.Graph, new ChannelBounds(bench.Analysis.Relations, new PointNorms(bench.Analysis, bench.Statistics)), Workbench.Backend);

    private static ChannelPlan Draw(Workbench bench, int width, int seed)
    {
        var group = bench.Group("f1");
        var plan = new ChannelPlan("f1", CompressionMethod.Coreset, [.. Enumerable.Range(0, width)], group.Channels, 0.1, 0);
        return Assert.Single(new CoresetPlans(bench.Analysis, bench.Statistics, Workbench.Backend, candidates: 1, seed).Draw([plan]));
    }

    private static double[] Estimates(Func<Random, ImportanceSample> draw, int seeds = Seeds) =>
        [.. Enumerable.Range(0, seeds).Select(seed => draw(new Random(seed)) is var sample ? Contributions.Index().Sum(c => c.Item * sample.Factor(c.Index)) : 0)];

    private static ImportanceSample UntilDistinct(int distinct, Random random)
    {
        var counts = new int[Probabilities.Length];
        var draws = 0;
        while (counts.Count(c => c > 0) < distinct)
        {
            var one = ImportanceSample.Draw(Probabilities, 1, random, Workbench.Backend);
            counts[Array.IndexOf(one.Counts, 1)]++;
            draws++;
        }

        return new ImportanceSample(draws, counts, Probabilities);
    }

    private static double[] Normalised(double[] values) => [.. values.Select(v => v / values.Sum())];

    private static double Deviation(double[] values)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
    }
}
