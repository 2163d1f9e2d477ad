using OnnxCompress.Allocation;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Numerics;
using OnnxCompress.Reporting;
using OnnxCompress.Samples;
using OnnxCompress.Testing;
using OnnxCompress.Tests.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Tests;

/// <summary>The report of a run that an app makes.</summary>
public sealed class ResultReportTests
{
    private static readonly Preprocessing Scaled = new(Scale: 1 / 255.0, Mean: [], Std: []);
    private static readonly Lazy<(OnnxModel Model, CompressionResult Result)> Made = new(Compress);

    [Fact]
    public void A_result_becomes_a_report_with_its_figures()
    {
        var (model, result) = Made.Value;
        using var test = Open(SampleFiles.Test, model);
        var proof = new ModelVerifier(ModelRunner.Runtime).Verify(model, result.Model, test, new VerificationOptions { Threads = 1 }, null, TestContext.Current.CancellationToken);

        var report = result.ToReport(proof, test, new LatencyComparison(4, 3, 1, 8, 31), seed: 7, ReportedPreprocessing.From(TensorLayout.Nchw, Scaled));

        Assert.Equal((Path.GetFileName(SampleFiles.Model), model.SourceSha256, 7), (report.Model.Source, report.Model.Sha256, report.Seed));
        Assert.Equal((result.Original.Macs, new FileInfo(SampleFiles.Model).Length, 4.0), (report.Original.Macs!.Value, report.Original.Bytes, report.Original.LatencyMs!.Value));
        Assert.Equal((ParameterCount.Of(result.Model), result.Model.ToBytes().Length, 3.0), (report.Compressed.Parameters, report.Compressed.Bytes, report.Compressed.LatencyMs!.Value));
        Assert.Equal((1500, proof.Agreement), (report.Verification!.Samples, report.Verification.Agreement));
        Assert.Equal(result.Plan.Sites.Select(site => site.Site), report.Sites.Select(site => site.Site));
        Assert.All(report.Sites, site => Assert.True(site.Method is "id" or "svd" && (site.Kept ?? site.Rank) < site.Of, $"{site}"));
        Assert.Equal(result.Refused.Count, report.Refused.Count);
        Assert.InRange(report.Timing.TotalSeconds, report.Timing.CalibrateSeconds + report.Timing.ReconstructSeconds, double.MaxValue);
        Assert.Equal((0.75, 31), (report.Latency!.Ratio, report.Latency.Rounds));
        Assert.Equal(1 / 255.0, report.Preprocessing!.Scale);
        Assert.Null(report.NotVerified);
        Assert.All([".json", ".html", ".md"], format => Assert.Contains(model.SourceSha256, ReportText.For(format, report), StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_proof_the_report_says_so()
    {
        var report = Made.Value.Result.ToReport();

        Assert.Null(report.Verification);
        Assert.Null(report.Latency);
        Assert.Null(report.Original.LatencyMs);
        Assert.Contains("Nothing was verified", report.NotVerified, StringComparison.Ordinal);
        Assert.Contains("Nothing was verified", ReportText.For(".md", report), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_run_warned_of_is_in_its_report()
    {
        var warned = Made.Value.Result with { Diagnostics = [new Diagnostic(DiagnosticCodes.FewSamples, Severity.Warning, "few rows")] };

        Assert.Equal(new ReportedDiagnostic(DiagnosticCodes.FewSamples, "warning", "few rows"), Assert.Single(warned.ToReport().Diagnostics));
    }

    [Fact]
    public void A_changed_decision_is_known_by_the_file_it_lies_in()
    {
        var (model, result) = Made.Value;
        using var test = Open(SampleFiles.Test, model);
        var some = new SubsetSampleSource(new SubsetSampleSource(test, [5, 900, 1499]), [2, 1]);
        var proof = new VerificationResult(2, 2, 1, 0.1, [], null) { Changed = [new ChangedDecision(0, 0, 3, 5, 1.5, 0.25)] };

        var ofFile = Assert.Single(result.ToReport(proof, some).Changed);
        var ofNoFile = Assert.Single(result.ToReport(proof).Changed);

        Assert.Equal(new ReportedChange(1499, Path.GetFileName(SampleFiles.Test), 0, 3, 5, 1.5, 0.25), ofFile);
        Assert.Equal(new ReportedChange(0, null, 0, 3, 5, 1.5, 0.25), ofNoFile);
    }

    private static (OnnxModel Model, CompressionResult Result) Compress()
    {
        var model = OnnxModel.Load(SampleFiles.Model);
        using var calibration = Open(SampleFiles.Calibration, model);
        var few = new SubsetSampleSource(calibration, [.. Enumerable.Range(0, 64)]);
        var options = new CompressionOptions { Budget = new Budget(KeepMacs: 0.7), Threads = 1 };
        return (model, new Compressor(new CpuBackend(1), ModelRunner.Runtime).Compress(model, few, options, null, CancellationToken.None));
    }

    private static FileSampleSource Open(string path, OnnxModel model) => FileSampleSource.Open([new(path)], model.Inputs, TensorLayout.Nchw, Scaled);
}
