using OnnxCompress.Dependencies;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reconstruction;
using OnnxCompress.Selection.LowRank;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;

namespace OnnxCompress.Tests.Reconstruction;

/// <summary>A kernel as a column and a row, fitted to patches, held to what is known of the best one.</summary>
public sealed class FoldedFitTests
{
    private const int Inputs = 4, Height = 3, Width = 2, Outputs = 5, Rank = 3;

    private static readonly CpuBackend Backend = new(1);
    private static readonly FoldedKernel Kernel = new(Inputs, Height, Width);

    [Fact]
    public void A_column_and_a_row_make_the_weight_that_folds_to_their_product()
    {
        var (column, row) = (NumericMatrices.Uniform(Rank, Inputs * Height, seed: 1), NumericMatrices.Uniform(Outputs, Rank * Width, seed: 2));

        var weight = Kernel.Unfold(column, row, Backend);

        Assert.Equal(Enumerable.Range(0, Rank).Sum(r => row[3, (r * Width) + 1] * column[r, (2 * Height) + 1]), weight[3, (((2 * Height) + 1) * Width) + 1], 1e-12);
        var (again, along) = new SpatialSplit(Backend).Factors(Inputs, [Height, Width], weight, Rank);
        NumericAssert.RelativeFrobenius(weight, Kernel.Unfold(again, along, Backend), 1e-10, "a weight of that rank is its own truncation");
    }

    [Fact]
    public void A_weight_of_the_rank_is_found_again_from_correlated_patches()
    {
        var truth = Kernel.Unfold(NumericMatrices.Uniform(Rank, Inputs * Height, seed: 1), NumericMatrices.Uniform(Outputs, Rank * Width, seed: 2), Backend);
        var fit = new FoldedFit(Backend, Kernel, Rank, Moments(Patches(), truth), new Matrix<double>(Outputs, truth.Columns));

        var found = fit.Solve(1e-9 * fit.MeanDiagonal, sweeps: 3)!;

        NumericAssert.RelativeFrobenius(truth, found, 1e-4, "nothing is lost by it");
    }

    [Fact]
    public void Patches_that_do_not_correlate_give_the_truncation_of_the_weight()
    {
        var truth = NumericMatrices.Uniform(Outputs, Inputs * Height * Width, seed: 3);
        var moments = Moments(Matrix<double>.Identity(truth.Columns), truth);
        var fit = new FoldedFit(Backend, Kernel, Rank, moments, new Matrix<double>(Outputs, truth.Columns));
        var (column, row) = new SpatialSplit(Backend).Factors(Inputs, [Height, Width], truth, Rank);

        var found = fit.Solve(1e-12, sweeps: 0)!;

        NumericAssert.RelativeFrobenius(Kernel.Unfold(column, row, Backend), found, 1e-8, "Eckart, Young and Mirsky");
    }

    [Fact]
    public void Every_sweep_leaves_less_and_far_less_than_a_row_behind_the_column_of_white_patches()
    {
        var truth = NumericMatrices.Uniform(Outputs, Inputs * Height * Width, seed: 3);
        var patches = Patches();
        var (column, _) = new SpatialSplit(Backend).Factors(Inputs, [Height, Width], truth, Rank);
        double Error(int sweeps, Matrix<double>? from = null)
        {
            var fit = new FoldedFit(Backend, Kernel, Rank, Moments(patches, truth), truth) { Column = from };
            var missed = LayerDifference(truth, fit.Solve(1e-9 * fit.MeanDiagonal, sweeps)!);
            return NumericAssert.Norm(NumericMatrices.Product(patches, missed, transposeB: Transpose.Yes));
        }

        var (row, guess, once, often) = (Error(0, column), Error(0), Error(1), Error(8));

        Assert.True(guess < row && once <= guess * (1 + 1e-9) && often <= once * (1 + 1e-9), $"{row}, {guess}, {once}, {often}");
        Assert.True(often < 0.9 * row, $"{often} of {row}");
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 2)]
    public void Both_factors_of_a_network_are_found_again(int stride, int top, int dilation)
    {
        const int Channels = 4;
        var (column, row) = (NumericMatrices.Uniform(2, Channels * 3, seed: 5), NumericMatrices.Uniform(Outputs, 2 * 3, seed: 6));
        var weight = new FoldedKernel(Channels, 3, 3).Unfold(column, row, Backend);
        (string, object)[] whole = [("strides", new long[] { stride, 1 }), ("pads", new long[] { top, 2, 0, 1 }), ("dilations", new long[] { 1, dilation })];
        var builder = Front(Channels);
        builder.Node("Conv", "layer", ["front", builder.Floats("layer.w", [Outputs, Channels, 3, 3], [.. weight.Values.ToArray().Select(v => (float)v)]), builder.Weight("layer.b", Outputs)], whole);
        var split = Front(Channels);
        split.Node("Conv", "reduce", ["front", split.Weight("column", 2, Channels, 3, 1)], ("strides", new long[] { stride, 1 }), ("pads", new long[] { top, 0, 0, 0 }));
        split.Node(
            "Conv", "layer", ["reduce", split.Weight("row", Outputs, 2, 1, 3), split.Floats("layer.b", [Outputs], new float[Outputs])],
            ("pads", new long[] { 0, 2, 0, 1 }), ("dilations", new long[] { 1, dilation }));
        var (model, compressed) = (builder.Output("layer").Build(), split.Output("layer").Build());

        var fit = Assert.Single(Reconstruct(model, compressed));

        Assert.True(fit.ErrorAfter < 1e-2 * fit.ErrorBefore, $"{fit.ErrorBefore} became {fit.ErrorAfter}");
        ModelAssert.SameOutputs(model, compressed, 1e-2, "a column and a row exist that lose nothing");
    }

    private static TestModel Front(int channels)
    {
        var builder = new TestModel();
        builder.Input("x", "N", channels, 9, 8);
        builder.Conv("front", "x", channels, channels);
        return builder;
    }

    private static IReadOnlyList<FitOutcome> Reconstruct(OnnxModel model, OnnxModel compressed)
    {
        var bench = new Workbench(model);
        var token = TestContext.Current.CancellationToken;
        using var outputs = new OriginalOutputs(ModelRunner.Runtime, model, bench.Analysis.Relations, bench.Samples, new ReconstructionOptions(1, 16, 0, 1 << 30), token);
        return new Reconstructor(ModelRunner.Runtime, Backend, 1).Run(
            outputs, compressed, new Shrinkage(compressed.Graph, bench.Analysis.Relations, static _ => true), ReconstructionMode.Sequential, null, token);
    }

    /// <summary>Rows of patches whose elements are alike where they lie beside each other.</summary>
    private static Matrix<double> Patches()
    {
        var free = NumericMatrices.Uniform(400, Inputs * Height * Width, seed: 7);
        var patches = free.Clone();
        for (var r = 0; r < patches.Rows; r++)
        {
            for (var c = 1; c < patches.Columns; c++)
            {
                patches[r, c] += 0.9 * patches[r, c - 1];
            }
        }

        return patches;
    }

    private static TargetMoments Moments(Matrix<double> patches, Matrix<double> truth)
    {
        var targets = NumericMatrices.Product(patches, truth, transposeB: Transpose.Yes);
        return new TargetMoments([Backend.Gram(patches)], new double[patches.Columns], null, Backend.Multiply(patches, targets, Transpose.Yes))
        {
            Energy = 0, InputMeans = new double[patches.Columns], TargetMeans = new double[Outputs], Rows = patches.Rows,
        };
    }

    private static Matrix<double> LayerDifference(Matrix<double> a, Matrix<double> b)
    {
        var difference = a.Clone();
        for (var i = 0; i < difference.Values.Length; i++)
        {
            difference.Values[i] -= b.Values[i];
        }

        return difference;
    }
}
