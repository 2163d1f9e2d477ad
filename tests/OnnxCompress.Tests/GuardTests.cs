using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>What has the last word in a search judges as the result is verified: else a run could refuse what it has found.</summary>
public sealed class GuardTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_guard_of_a_goal_sees_the_cautious_figure_of_the_result(bool areOfOneKind)
    {
        var (original, changed) = (OnnxModel.Load(SampleFiles.Model), OnnxModel.Load(SampleFiles.Model));
        var random = new Random(3);
        foreach (var name in original.Graph.Initializers.Where(i => i.Value.Dims.Count == 4).Select(i => i.Key))
        {
            changed.Edit(name, values => Array.ForEach([.. Enumerable.Range(0, values.Length)], i => values[i] *= 1 + (0.3f * (random.NextSingle() - 0.5f))));
        }

        using var samples = FileSampleSource.Open(
            [DataFile.Parse(SampleFiles.Calibration)], original.Inputs, TensorLayout.Nchw, new Preprocessing(1 / 255.0, [], []));
        var data = new CompressionData(
            new SubsetSampleSource(samples, [0]), new SubsetSampleSource(samples, [.. Enumerable.Range(300, 300)]), new SubsetSampleSource(samples, [.. Enumerable.Range(0, 300)]))
        {
            AreOfOneKind = areOfOneKind,
        };
        double? Verified(ISampleSource? beside) => new ModelVerifier(ModelRunner.Runtime)
            .Verify(original, changed, data.Guard!, new VerificationOptions { Beside = beside }, null, TestContext.Current.CancellationToken).CautiousAgreement;

        var score = StageOptions.Guard(ModelRunner.Runtime, original, data, new CompressionOptions())!.Score(changed, TestContext.Current.CancellationToken);

        Assert.Equal(Verified(areOfOneKind ? data.Validation : null), score.CautiousAgreement);
        Assert.NotEqual(Verified(areOfOneKind ? null : data.Validation), score.CautiousAgreement);
    }
}
