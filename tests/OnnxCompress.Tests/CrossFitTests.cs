using OnnxCompress.Allocation;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Samples;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>Folds prove what models keep on samples that neither their plan nor their weights have seen.</summary>
public sealed class CrossFitTests
{
    private static readonly CompressionOptions Quick = new()
    {
        Budget = new Budget(KeepParameters: 0.6), Methods = [CompressionMethod.Interpolative], Trials = 2, Threads = 1, Precision = Forms.NumberForm.Float,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Each_fold_is_judged_by_a_model_of_the_others()
    {
        var original = OnnxModel.Load(SampleFiles.Model);
        using var file = FileSampleSource.Open([DataFile.Parse(SampleFiles.Calibration)], original.Inputs, TensorLayout.Nchw, new Preprocessing(1 / 255.0, [], []));
        var samples = new SubsetSampleSource(file, [.. Enumerable.Range(0, 40)]);
        var compressor = new Compressor(new CpuBackend(1), ModelRunner.Runtime);
        CompressionResult Made(ISampleSource those)
        {
            var split = SampleSplit.WithoutGuard(those, Quick.Seed, 1000, Token);
            return compressor.Compress(
                original, new CompressionData(new SubsetSampleSource(those, split.Statistics), new SubsetSampleSource(those, split.Validation)), Quick, null, Token);
        }

        var made = Made(samples);
        var folded = new CrossFit(new CpuBackend(1), ModelRunner.Runtime, 2, 1000).Verify(original, made, samples, Quick, null, Token);

        // The same by hand: what is summed over folds is summed over decisions.
        var parts = SampleSplit.Folds(samples, 2, Quick.Seed, Token);
        var byHand = new[] { 0, 1 }.Select(fold => new ModelVerifier(ModelRunner.Runtime).Verify(
            original, Made(new SubsetSampleSource(samples, parts[1 - fold])).Model, new SubsetSampleSource(samples, parts[fold]), new VerificationOptions { Threads = 1 }, null, Token)).ToArray();
        Assert.Equal((40, 2), (folded.Samples, folded.Folds));
        Assert.Equal((byHand.Sum(r => r.Decisions), byHand.Sum(r => r.Agreeing)), (folded.Decisions, folded.Agreeing));
        Assert.Equal(
            byHand.SelectMany((r, fold) => r.Changed.Select(change => parts[fold][change.Sample])).Order(), folded.Changed.Select(change => change.Sample).Order());
        Assert.InRange(folded.RelativeError!.Value, byHand.Min(r => r.RelativeError!.Value), byHand.Max(r => r.RelativeError!.Value));
    }

    [Fact]
    public void Models_of_folds_are_as_small_as_the_one_that_a_goal_found()
    {
        var result = new CompressionResult(
            OnnxModel.Load(SampleFiles.Model), new CompressionPlan("", [new ChannelPlan("a", CompressionMethod.Interpolative, [0], 2, 0, 0)]) { Precision = Forms.NumberForm.Int8 },
            [], new ModelCost(1000, 90, 4000), new ModelCost(700, 60, 3000), [], [], new StageTimes(0, 0, 0, 0, 0, 0));

        var goal = CrossFit.Like(result, new CompressionOptions { Goal = new CompressionGoal(0.99, null) });
        var budget = CrossFit.Like(result, Quick);
        var nothing = CrossFit.Like(result with { Plan = result.Plan with { Sites = [] } }, new CompressionOptions { Goal = new CompressionGoal(0.99, null) });

        Assert.Equal((700, 60), ((int)(goal.Budget.KeepParameters!.Value * 1000), (int)(goal.Budget.KeepMacs!.Value * 90)));
        Assert.Equal((Forms.NumberForm.Int8, false), (goal.Precision, goal.RemovesNothing));
        Assert.Same(Quick.Budget, budget.Budget);
        Assert.Equal((true, false), (nothing.RemovesNothing, nothing.Budget.IsLimited));
    }
}
