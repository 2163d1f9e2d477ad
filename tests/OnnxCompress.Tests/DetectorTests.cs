using OnnxCompress.Allocation;
using OnnxCompress.Numerics;
using OnnxCompress.Reporting;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>A detector from the rule that is proposed for it to the boxes on the page.</summary>
public sealed class DetectorTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void A_detector_keeps_its_boxes_on_pictures_that_it_has_not_seen()
    {
        var original = TinyDetector.Model();
        var rule = DecisionProposal.For(original, null, null).Rule;
        Assert.Equal(DecisionKind.Detection, rule.Kind);
        var options = new CompressionOptions { Budget = new Budget(KeepParameters: 0.8), Decisions = [rule], Threads = 1, Trials = 2, Precision = Forms.NumberForm.Float };
        var data = new CompressionData(TinyDetector.Pictures(100, seed: 1), TinyDetector.Pictures(40, seed: 2));

        var made = new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(original, data, options, null, Token);
        var unseen = TinyDetector.Pictures(100, seed: 3);
        VerificationResult Against(OnnxCompress.Models.OnnxModel model) => new ModelVerifier(ModelRunner.Runtime).Verify(
            original, model, unseen, new VerificationOptions { Decisions = [rule], Threads = 1 }, null, Token);
        var result = Against(made.Model);

        Assert.InRange(made.Compressed.Parameters, 1, 0.8 * made.Original.Parameters);
        // It finds things: about two shapes lie in each picture.
        Assert.InRange(Assert.Single(Assert.Single(result.ByRule).Figures).Value, 1.5, 4);
        Assert.False(result.HasOneDecision);
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
            $"kept {(double)made.Compressed.Parameters / made.Original.Parameters:P1}, F1 {result.Agreement:P2}, cautious {result.CautiousAgreement:P2}, boxes {result.ByRule[0].Figures[0].Value:F2}"));
        Assert.InRange(result.Agreement!.Value, 0.97, 1);
        Assert.InRange(result.CautiousAgreement!.Value, 0.8, result.Agreement!.Value);

        // Weights that are off lose boxes, and the page draws both.
        var broken = original.Clone();
        broken.Edit("m.w", values => Array.ForEach([.. Enumerable.Range(0, values.Length)], i => values[i] *= i % 3 == 0 ? 0.4f : 1));
        var lost = Against(broken);
        Assert.InRange(lost.Agreement!.Value, 0, 0.9);
        var page = ReportText.For(".html", made.ToReport(lost, unseen));
        Assert.Equal(8, page.Split("<image href=\"data:image/png;base64,").Length - 1);
        Assert.Contains("<rect class=\"was\"", page, StringComparison.Ordinal);
    }
}
