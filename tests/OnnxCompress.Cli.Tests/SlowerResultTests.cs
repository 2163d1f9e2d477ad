using OnnxCompress.Allocation;
using OnnxCompress.Cli.Verbs;
using OnnxCompress.Diagnostics;
using OnnxCompress.Forms;
using OnnxCompress.Models;
using OnnxCompress.Search;
using OnnxCompress.Selection;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Tests;

/// <summary>A result that is not faster says why, in one sentence, and what to do.</summary>
public sealed class SlowerResultTests
{
    [Theory]
    [InlineData(0.01, 0.5, 1, "starting operators")]
    [InlineData(1, 0.99, 1, "99.0% of its operations are left")]
    [InlineData(1, 0.5, 2, "2 layers became thin ones")]
    [InlineData(1, 0.5, 0, "the widths that stay")]
    public void The_likely_cause_is_named(double milliseconds, double operations, int splits, string part)
    {
        var remark = SlowerResult.Of(Outcome(milliseconds, 1.04 * milliseconds, operations, splits));

        Assert.Equal((DiagnosticCodes.ResultSlower, Severity.Information), (remark!.Code, remark.Severity));
        Assert.StartsWith("The result takes 104.0% of the original's time: ", remark.Message, StringComparison.Ordinal);
        Assert.Contains(part, remark.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_faster_one_says_nothing() => Assert.Null(SlowerResult.Of(Outcome(1, 0.99, 0.5, 2)));

    private static CompressOutcome Outcome(double before, double after, double operations, int splits)
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        SiteOutcome[] sites =
        [
            new("channels", CompressionMethod.Interpolative, 3, 4, null, null, 0, 0),
            .. Enumerable.Range(0, splits).Select(i => new SiteOutcome($"split{i}", CompressionMethod.LowRank, null, 8, 2, new SplitShape(SplitForm.Plain, 2), 0, 0)),
        ];
        var result = new CompressionResult(
            model, new CompressionPlan(model.SourceSha256, []), sites, new ModelCost(1000, 1000, 1000), new ModelCost(500, (long)(1000 * operations), 500), [], [], new StageTimes(0, 0, 0, 0, 0, 0));
        return new CompressOutcome(result, null, null, new LatencyComparison(before, after, 1, 1, 9), 0);
    }
}
