using OnnxCompress.Models;
using OnnxCompress.Samples;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests.Verification;

/// <summary>The original runs once, however many models are held against it.</summary>
public sealed class ReferenceOutputsTests
{
    private readonly FakeRuntime _runtime = new();

    [Fact]
    public void The_original_runs_once_over_samples_and_those_beside_them()
    {
        var original = _runtime.Add(row => [row[0], 50], [2]);
        var (samples, beside) = (new Rows(40), new SubsetSampleSource(new Rows(90), [.. Enumerable.Range(40, 50)]));
        var known = new ReferenceOutputs();
        VerificationResult Verify(int threshold, ISampleSource? more, ReferenceOutputs? known)
        {
            var compressed = _runtime.Add(row => [row[0], threshold], [2]);
            return new ModelVerifier(_runtime) { Known = known }.Verify(
                original, compressed, samples, new VerificationOptions { Beside = more }, null, TestContext.Current.CancellationToken);
        }

        VerificationResult[] seen = [Verify(20, beside, known), Verify(45, null, known), Verify(20, beside, known)];

        // Batches of 16.
        Assert.Equal([16, 16, 8, 16, 16, 16, 2], _runtime.Runs.Where(run => run.Model == original).Select(run => run.Rows));
        Assert.Equal(
            [Verify(20, beside, null).Agreeing, Verify(45, null, null).Agreeing, seen[0].Agreeing],
            seen.Select(result => result.Agreeing));
        Assert.Equal(Verify(20, beside, null).CautiousAgreement, seen[2].CautiousAgreement);
    }

    [Fact]
    public void Two_originals_on_the_same_samples_are_told_apart()
    {
        var (one, other) = (_runtime.Add(row => [row[0], 50], [2]), _runtime.Add(row => [row[0], 10], [2]));
        var compressed = _runtime.Add(row => [row[0], 30], [2]);
        var (samples, known) = (new Rows(48), new ReferenceOutputs());
        long Agreeing(OnnxModel original, ReferenceOutputs? with) => new ModelVerifier(_runtime) { Known = with }.Verify(
            original, compressed, samples, new VerificationOptions(), null, TestContext.Current.CancellationToken).Agreeing;

        Assert.NotEqual(Agreeing(one, null), Agreeing(other, null));
        Assert.Equal((Agreeing(one, null), Agreeing(other, null)), (Agreeing(one, known), Agreeing(other, known)));
    }

    [Fact]
    public void What_memory_has_no_room_for_runs_again()
    {
        var original = _runtime.Add(row => [row[0], 50], [2]);
        var compressed = _runtime.Add(row => [row[0], 30], [2]);
        // Two batches of 16 samples with two floats each.
        var (samples, known) = (new Rows(48), new ReferenceOutputs { Limit = 2 * 16 * 2 * sizeof(float) });

        var agreeing = Enumerable.Range(0, 3).Select(_ => new ModelVerifier(_runtime) { Known = known }.Verify(
            original, compressed, samples, new VerificationOptions(), null, TestContext.Current.CancellationToken).Agreeing).ToArray();

        Assert.Equal(3 + 1 + 1, _runtime.Runs.Count(run => run.Model == original));
        Assert.Equal(agreeing[0], Assert.Single(agreeing.Distinct()));
    }
}
