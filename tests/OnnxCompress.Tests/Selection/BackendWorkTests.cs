using OnnxCompress.Forms;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection;
using OnnxCompress.Selection.Coreset;
using OnnxCompress.Selection.Interpolative;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Selection.Redundancy;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Selection.LowRank;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Selection;

/// <summary>What a device would do: the heavy part of every method goes through the backend, and a layer's matrices go there once.</summary>
public sealed class BackendWorkTests
{
    private const int Channels = 160;

    // Blocks of 64 steps are paid at 96 and at 32 channels left.
    private const double PaidEntries = 64.0 * ((96 * 96) + (32 * 32));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ChannelSelection.PivotedQr, Channels, 1, 7)]
    [InlineData(ChannelSelection.Target, Channels, 4, 11)]
    [InlineData(ChannelSelection.PivotedQr, 5, 0, 5)]
    [InlineData(ChannelSelection.Target, 5, 0, 5)]
    public void Greedy_selection_prepares_and_eliminates_by_products(ChannelSelection rule, int outputs, int prepared, int updates)
    {
        var backend = new CountingBackend();
        var (bench, group) = Layer(outputs);
        var moments = bench.Moments(group, centre: false);

        var curve = GreedySelection.Run(group, moments, rule, backend, Token);

        // With few rows two ridges are tried, which share what is prepared, and the order is taken once more, which nothing judges.
        // Channels that the others explain owe nothing. Of few outputs no matrix of channels x channels is made.
        const double Cube = (double)Channels * Channels * Channels;
        var all = (prepared * Cube) + (updates * PaidEntries);
        Assert.InRange(backend.Work, 0.6 * all, all + (3.0 * 5 * Channels * Channels));
        Assert.Equal(GreedySelection.Run(group, moments, rule, Workbench.Backend, Token).Order, curve.Order);
    }

    [Fact]
    public void Elimination_is_products_and_its_errors_are_those_of_a_forward_run()
    {
        var backend = new CountingBackend();
        var (bench, moments) = GramData.Moments(GramData.Correlated(4000, 1, Channels), GramData.Correlated(1000, 2, Channels), centre: false);
        var group = bench.Group("f1");

        var curve = BackwardElimination.Run(group, [moments], backend, Token);

        // By ridge: the inverse of the Gram, what is paid of both, and a forward run that the judged fold takes part in;
        // the order is taken once more, which nothing judges.
        const double Cube = (double)Channels * Channels * Channels;
        var all = (3 * ((2 * Cube) + (3 * PaidEntries))) + (2 * 2 * PaidEntries);
        Assert.InRange(backend.Work, 0.8 * all, 1.2 * all);
        Assert.Equal(3, backend.Calls(nameof(IDenseBackend.FactorPivotedCholesky)));
        Assert.Equal(BackwardElimination.Run(group, [moments], Workbench.Backend, Token).Order, curve.Order);
    }

    [Theory]
    [InlineData(SplitForm.Plain)]
    [InlineData(SplitForm.Spatial)]
    [InlineData(SplitForm.Alds)]
    public void A_split_takes_leading_eigenvectors_of_a_gram_and_decomposes_nothing_else(SplitForm form)
    {
        var backend = new CountingBackend();
        var problem = LayerCase.Weights(NumericMatrices.Uniform(40, 24 * 9, seed: 1), 24, 3, 3);

        SplitMethod.Of(form, backend).Build(problem, new SplitShape(form, 3));

        Assert.Equal(1, backend.Calls(nameof(IDenseBackend.DecomposeSymmetricTop)));
        Assert.Equal(0, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
        Assert.True(backend.Work >= 40 * 40 * 24 * 9, $"{backend.Work} multiply-adds do not make the Gram.");
    }

    [Fact]
    public void Prices_of_weights_take_values_of_a_gram_alone()
    {
        var backend = new CountingBackend();
        var problem = LayerCase.Weights(NumericMatrices.Uniform(40, 24 * 9, seed: 1), 24, 3, 3);

        Assert.NotEmpty(new PlainSplit(backend).Price(problem));

        Assert.Equal(1, backend.Calls("Values"));
        Assert.Equal(1, backend.Calls(nameof(IDenseBackend.AddGram)));
        Assert.Equal(0, backend.Calls(nameof(IDenseBackend.DecomposeSymmetric)));
    }

    [Fact]
    public void Coresets_take_sensitivities_and_draws_from_it()
    {
        var backend = new CountingBackend();
        var (bench, group) = Layer(5);
        var bounds = new ChannelBounds(bench.Analysis.Relations, new PointNorms(bench.Analysis, bench.Statistics));

        var sensitivities = ChannelSensitivities.Of(group, bench.Model.Graph, bounds, backend);
        var draw = CoresetDraw.Of(group.Segments, group.IsFree, [80], sensitivities, candidates: 2, new Random(1), backend);

        Assert.Equal(group.ConsumerLayers.Count, backend.Calls(nameof(IDenseBackend.LargestShares)));
        Assert.True(backend.Calls(nameof(IDenseBackend.Locate)) >= 2);
        Assert.Equal(CoresetDraw.Of(group.Segments, group.IsFree, [80], sensitivities, 2, new Random(1), Workbench.Backend).Factors, draw.Factors);
    }

    [Theory]
    [InlineData(0.0, null)]
    [InlineData(3.0, null)]
    [InlineData(3.0, 4)]
    public void A_layers_matrices_go_in_once_and_weights_come_out_once_however_many_ridges(double noise, int? rank)
    {
        const int Inputs = 30, Outputs = 12;
        var (backend, random) = (new CountingBackend(), new Random(3));
        var moments = new FitMoments(Inputs, Outputs, hasDrift: false);
        var truth = NumericMatrices.Uniform(Outputs, Inputs, seed: 4);
        for (var r = 0; r < 200; r++)
        {
            var row = new Matrix<float>(1, Inputs + Outputs);
            for (var i = 0; i < Inputs; i++)
            {
                row[0, i] = random.NextSingle() - 0.5f;
            }

            for (var o = 0; o < Outputs; o++)
            {
                row[0, Inputs + o] = (float)(noise * (random.NextDouble() - 0.5));
                for (var i = 0; i < Inputs; i++)
                {
                    row[0, Inputs + o] += (float)truth[o, i] * row[0, i];
                }
            }

            moments.Fold(r % 4 == 3).AddProducts(row, Workbench.Backend);
            moments.Fold(r % 4 == 3).AddSums(row, part: 0, parts: 1);
        }

        var solution = new LayerSolver(backend).Solve(moments, NumericMatrices.Uniform(Outputs, Inputs, seed: 5), null, (rank, null));

        Assert.True(solution.IsChanged);
        var fits = backend.Calls(nameof(IDenseBackend.FactorCholesky));
        Assert.True(fits >= 4, $"Only {fits} systems were solved.");
        Assert.Equal(2 * fits, backend.Calls(nameof(IDenseBackend.SolveTriangular)));
        // Prior, the Grams of two folds, and cross matrices of the problem, the judge, the method's own error and the final problem;
        // with a rank the eigenvectors of each fit, from a spread of outputs x outputs.
        Assert.Equal(7 + (rank is null ? 0 : fits), backend.Puts);
        Assert.Equal(1 + (rank is null ? 0 : fits), backend.Reads);
    }

    private static (Workbench Bench, OnnxCompress.Dependencies.ChannelGroup Group) Layer(int outputs)
    {
        var builder = new TestModel();
        builder.Input("x", "N", 9);
        builder.Gemm("f2", builder.Relu("r", builder.Gemm("f1", "x", 9, Channels)), Channels, outputs);
        var bench = new Workbench(builder.Output("f2").Build());
        return (bench, bench.Group("f1"));
    }
}
