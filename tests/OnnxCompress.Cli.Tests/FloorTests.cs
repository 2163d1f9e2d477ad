using System.Text.Json;
using OnnxCompress.Cli.Options;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;
using OnnxCompress.Verification;

namespace OnnxCompress.Cli.Tests;

/// <summary>What a result must keep where nobody said what.</summary>
public sealed class FloorTests : IDisposable
{
    private static readonly Guard Nothing = new(null, null);

    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    private string ReportFile => _folder.File("report.json");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(100, null, null)]
    [InlineData(90, null, null)]
    [InlineData(89, DiagnosticCodes.AgreementLow, "--min-agreement 0.89 ")]
    [InlineData(50, DiagnosticCodes.AgreementLow, "--min-agreement 0.5 ")]
    [InlineData(49, DiagnosticCodes.AgreementLost, "--min-agreement 0.49 ")]
    [InlineData(0, DiagnosticCodes.AgreementLost, "--min-agreement 0 ")]
    public void The_floor_has_two_steps(long agreeing, string? code, string? accepting)
    {
        var found = AgreementFloor.Of(Nothing, Of(100, agreeing));

        Assert.Equal(code, found?.Code);
        Assert.Equal(code is null ? null : code == DiagnosticCodes.AgreementLost ? Severity.Error : Severity.Warning, found?.Severity);
        Assert.Contains(accepting ?? "", found?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_guard_or_no_decisions_leave_no_floor()
    {
        var destroyed = Of(100, 3);

        Assert.Null(AgreementFloor.Of(new(0, null), destroyed));
        Assert.Null(AgreementFloor.Of(new(null, 0.1), destroyed));
        Assert.Null(AgreementFloor.Of(Nothing, Of(0, 0)));
        Assert.Null(AgreementFloor.Of(Nothing, null));
    }

    [Fact]
    public void Copies_that_agree_do_not_outvote_the_others() =>
        Assert.Equal(DiagnosticCodes.AgreementLost, AgreementFloor.Of(Nothing, Of(100, 95) with { DistinctSamples = 10, DistinctDecisions = 10, DistinctAgreeing = 4 })?.Code);

    [Fact]
    public void A_destroyed_model_is_not_written_unless_that_is_wanted()
    {
        string[] absurd = ["--keep-macs", "0.05", "--report", ReportFile];

        var refused = Compress(absurd);
        var left = Directory.EnumerateFileSystemEntries(_folder.Root).ToArray();
        var accepted = Compress([.. absurd, "--min-agreement", "0"]);
        var codes = Codes();
        var forced = Compress([.. absurd, "--force", "--overwrite"]);

        Assert.Equal((3, 0, 0), (refused.Code, accepted.Code, forced.Code));
        Assert.Empty(left);
        var last = LastLine(refused);
        Assert.StartsWith($"onnx-compress : error {DiagnosticCodes.AgreementLost}: Only ", last, StringComparison.Ordinal);
        Assert.All(["a looser budget", "--min-agreement 0", "--force", "Nothing was written."], part => Assert.Contains(part, last, StringComparison.Ordinal));
        Assert.DoesNotContain("OCX7011", accepted.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("OCX7010", accepted.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("warning " + DiagnosticCodes.AgreementLost, codes);
        Assert.StartsWith($"onnx-compress : warning {DiagnosticCodes.AgreementLost}: ", LastLine(forced), StringComparison.Ordinal);
        Assert.Contains("warning " + DiagnosticCodes.AgreementLost, Codes());
    }

    [Fact]
    public void A_plan_for_a_destroyed_model_is_refused_by_whatever_carries_it_out()
    {
        var plan = _folder.File("plan.json");
        string[] absurd = ["--keep-macs", "0.05"];

        var unwanted = Run("plan", [SampleFiles.Model, "-o", plan], absurd);
        var exists = File.Exists(plan);
        var wanted = Run("plan", [SampleFiles.Model, "-o", plan], [.. absurd, "--min-agreement", "0"]);
        var applied = Run("apply", [SampleFiles.Model, plan, "-o", Out], []);
        var compressed = Run("compress", [SampleFiles.Model, "--plan", plan, "-o", Out], []);

        Assert.Equal((3, 0, 3, 3), (unwanted.Code, wanted.Code, applied.Code, compressed.Code));
        Assert.False(exists);
        Assert.False(File.Exists(Out));
        Assert.All([unwanted, applied, compressed], run => Assert.Contains($"error {DiagnosticCodes.AgreementLost}", run.Error, StringComparison.Ordinal));
        Assert.Equal(0, Run("apply", [SampleFiles.Model, plan, "-o", Out], ["--min-agreement", "0"]).Code);
    }

    [Fact]
    public void The_original_ships_in_place_of_a_destroyed_model_when_asked()
    {
        var run = Compress("--keep-macs", "0.05", "--original-otherwise");

        Assert.Equal(3, run.Code);
        Assert.EndsWith("The original takes its place.", LastLine(run), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(SampleFiles.Model), File.ReadAllBytes(Out));
    }

    [Fact]
    public void A_result_that_lost_many_decisions_is_written_with_a_warning_that_stands_last()
    {
        var page = _folder.File("report.html");

        var run = Compress("--keep-macs", Middling, "--report", ReportFile, "--report", page);

        Assert.Equal(0, run.Code);
        Assert.True(File.Exists(Out));
        var warning = LastLine(run);
        Assert.StartsWith($"onnx-compress : warning {DiagnosticCodes.AgreementLow}: Only ", warning, StringComparison.Ordinal);
        Assert.Contains("warning " + DiagnosticCodes.AgreementLow, Codes());
        Assert.Contains($">{DiagnosticCodes.AgreementLow}</a>: Only ", File.ReadAllText(page), StringComparison.Ordinal);
        using var report = JsonDocument.Parse(File.ReadAllText(ReportFile));
        var verification = report.RootElement.GetProperty("verification");
        Assert.InRange(verification.GetProperty("agreement").GetDouble(), AgreementFloor.Refused, AgreementFloor.Warned);
        Assert.InRange(verification.GetProperty("cautiousAgreement").GetDouble(), 0, verification.GetProperty("agreement").GetDouble());
        Assert.Contains("same decision, cautious", run.Output, StringComparison.Ordinal);
        Assert.Contains("on data like these", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_decisions_has_no_floor()
    {
        var run = Compress("--keep-macs", "0.05", "--decision", "none", "--max-error", "100");

        Assert.Equal(0, run.Code);
        Assert.DoesNotContain("OCX701", run.Error, StringComparison.Ordinal);
    }

    private const string Middling = "0.3";

    private static VerificationResult Of(long decisions, long agreeing) => new((int)decisions, decisions, agreeing, 0.1, [], null);

    private static string LastLine(CliRun run) => run.Error.TrimEnd().Split('\n')[^1].TrimEnd('\r');

    private string[] Codes()
    {
        using var report = JsonDocument.Parse(File.ReadAllText(ReportFile));
        return [.. report.RootElement.GetProperty("diagnostics").EnumerateArray().Select(d => $"{d.GetProperty("severity").GetString()} {d.GetProperty("code").GetString()}")];
    }

    private CliRun Compress(params string[] options) => Run("compress", [SampleFiles.Model, "-o", Out], options);

    private static CliRun Run(string verb, string[] files, string[] options)
    {
        string[] search = verb == "apply" || files.Contains("--plan") ? [] : ["--methods", "id", "--trials", "1"];
        var run = CliRun.Of(
            [verb, .. files, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "400", "--reconstruct", "none", .. search, .. options]);
        TestContext.Current.TestOutputHelper?.WriteLine(run.Error + run.Output);
        return run;
    }
}
