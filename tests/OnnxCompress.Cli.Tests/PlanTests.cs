using System.Text.Json;
using OnnxCompress.Diagnostics;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>Deciding, carrying out and exploring, on the sample model.</summary>
public sealed class PlanTests : IDisposable
{
    private static readonly string[] Data = ["-d", SampleFiles.Calibration, "--scale", "0.00392156862745098", "--samples", "96"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_plan_that_is_applied_gives_the_bytes_that_compress_gives()
    {
        var (plan, beside, applied, direct) = (_folder.File("plan.json"), _folder.File("beside.json"), _folder.File("applied.onnx"), _folder.File("direct.onnx"));

        Assert.Equal(0, CliRun.Of(["plan", SampleFiles.Model, "-o", plan, "--keep-macs", "0.6", "--trials", "2", .. Data]).Code);
        Assert.Equal(0, CliRun.Of(["apply", SampleFiles.Model, plan, "-o", applied, .. Data]).Code);
        Assert.Equal(0, CliRun.Of(["compress", SampleFiles.Model, "-o", direct, "--save-plan", beside, "--keep-macs", "0.6", "--trials", "2", .. Data]).Code);

        Assert.Equal(File.ReadAllBytes(direct), File.ReadAllBytes(applied));
        Assert.Equal(File.ReadAllText(plan), File.ReadAllText(beside));
        using var document = JsonDocument.Parse(File.ReadAllText(plan));
        Assert.Equal(1, document.RootElement.GetProperty("schema").GetInt32());
        Assert.All(document.RootElement.GetProperty("sites").EnumerateArray(), site =>
        {
            Assert.NotEmpty(site.GetProperty("site").GetString()!);
            Assert.NotEmpty(site.GetProperty("reason").GetString()!);
            Assert.True(site.GetProperty("predictedError").GetDouble() > 0);
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1, 2]")]
    [InlineData("""{ "schema": 2, "model": "x", "sites": [] }""")]
    [InlineData("""{ "schema": 1, "model": "x", "sites": [ { "site": "a", "method": "Guess", "kept": [1] } ] }""")]
    [InlineData("""{ "schema": 1, "model": "x", "sites": [ { "site": "a", "method": "LowRank", "form": "Knot", "rank": 1 } ] }""")]
    [InlineData("""{ "schema": 1, "model": "x", "sites": [ { "site": "a", "method": "Interpolative" } ] }""")]
    [InlineData("""{ "schema": 1, "model": "x", "sites": [], "precision": "Int3" }""")]
    public void What_is_no_plan_is_refused(string text)
    {
        var plan = _folder.File("plan.json");
        File.WriteAllText(plan, text);

        CliRun.Of(["apply", SampleFiles.Model, plan, "-o", _folder.File("o.onnx"), .. Data]).HasOneError(1, DiagnosticCodes.PlanUnreadable, "plan.json");
        Assert.False(File.Exists(_folder.File("o.onnx")));
    }

    [Fact]
    public void A_plan_for_another_model_is_refused()
    {
        var plan = _folder.File("plan.json");
        File.WriteAllText(plan, """{ "schema": 1, "model": "0000", "rule": "", "sites": [ { "site": "a", "method": "Interpolative", "kept": [0], "of": 2 } ] }""");

        CliRun.Of(["apply", SampleFiles.Model, plan, "-o", _folder.File("o.onnx"), "--quiet", .. Data]).HasOneError(1, DiagnosticCodes.PlanMismatch, "another model");
    }

    [Fact]
    public void A_locked_plan_gives_what_it_gave_or_nothing()
    {
        var (plan, applied) = (_folder.File("plan.json"), _folder.File("applied.onnx"));
        string[] fast = ["--methods", "id", "--reconstruct", "local"];
        Assert.Equal(0, CliRun.Of(["plan", SampleFiles.Model, "-o", plan, "--keep-macs", "0.6", "--trials", "1", .. fast, .. Data]).Code);

        Assert.Equal(0, CliRun.Of(["apply", SampleFiles.Model, plan, "-o", applied, "--locked", .. fast, .. Data]).Code);
        Assert.Equal(0, CliRun.Of(["compress", SampleFiles.Model, "--plan", plan, "-o", applied, "--overwrite", "--locked", .. fast, .. Data]).Code);
        File.Delete(applied);
        Differs("the calibration samples differ", [.. fast, "--seed", "3"]);
        Differs("an option", "--reconstruct", "none");
        Assert.False(File.Exists(applied));

        void Differs(string why, params string[] options)
        {
            var run = CliRun.Of(["apply", SampleFiles.Model, plan, "-o", applied, "--locked", .. Data, .. options]);
            Assert.Equal(1, run.Code);
            Assert.Contains($"error {DiagnosticCodes.PlanNotReproduced}", run.Error, StringComparison.Ordinal);
            Assert.Contains(why, run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_plan_that_notes_no_result_cannot_be_locked()
    {
        var plan = _folder.File("plan.json");
        File.WriteAllText(plan, """{ "schema": 1, "model": "0000", "rule": "", "sites": [] }""");

        CliRun.Of(["apply", SampleFiles.Model, plan, "-o", _folder.File("o.onnx"), "--locked", .. Data]).HasOneError(1, DiagnosticCodes.PlanNotReproduced, "anew");
    }

    [Fact]
    public void A_saved_plan_never_replaces_the_model()
    {
        var small = _folder.File("o.onnx");

        CliRun.Of(["compress", SampleFiles.Model, "-o", small, "--save-plan", small, "--keep-macs", "0.5", .. Data])
            .HasOneError(2, DiagnosticCodes.OptionsConflict, "--save-plan");
    }

    [Fact]
    public void A_plan_beside_a_budget_is_refused()
    {
        var plan = _folder.File("plan.json");

        CliRun.Of(["compress", SampleFiles.Model, "-o", _folder.File("o.onnx"), "--plan", plan, "--keep-macs", "0.5", .. Data])
            .HasOneError(2, DiagnosticCodes.OptionsConflict, "--plan");
    }

    [Fact]
    public void Exploring_shows_what_each_size_keeps_and_how_to_make_it()
    {
        var report = _folder.File("frontier.json");

        var run = CliRun.Of(["explore", SampleFiles.Model, "-o", report, "--reconstruct", "local", "--time-limit", "1h", .. Data]);

        Assert.Equal(0, run.Code);
        using var document = JsonDocument.Parse(File.ReadAllText(report));
        var all = document.RootElement.GetProperty("frontier").EnumerateArray().ToArray();
        JsonElement[] Of(string form) => [.. all.Where(p => p.GetProperty("form").GetString() == form)];
        var (points, bytes) = (Of("float"), Of("int8"));
        Assert.Equal(8, points.Length);
        Assert.True(bytes[0].GetProperty("removesNothing").GetBoolean());
        Assert.Contains("--methods none --min-agreement ", bytes[0].GetProperty("command").GetString(), StringComparison.Ordinal);
        Assert.True(bytes[0].GetProperty("bytes").GetInt64() < 0.5 * points[0].GetProperty("bytes").GetInt64());
        Assert.All(bytes.Skip(1), p => Assert.Contains("--precision int8", p.GetProperty("command").GetString(), StringComparison.Ordinal));
        Assert.Contains(all, p => !p.GetProperty("isBeaten").GetBoolean());
        var macs = points.Select(p => p.GetProperty("macs").GetInt64()).ToArray();
        Assert.Equal(macs.OrderDescending(), macs);
        Assert.All(points, p => Assert.InRange(p.GetProperty("agreement").GetDouble(), 0.5, 1));
        Assert.All(points, p => Assert.True(p.GetProperty("latencyMs").GetDouble() > 0));
        var item = System.Xml.Linq.XElement.Parse(points[5].GetProperty("item").GetString()!);
        Assert.Equal(
            ("OnnxModel", SampleFiles.Model, "0.5", SampleFiles.Calibration, "local", "96"),
            (item.Name.LocalName, Metadata("Include"), Metadata("KeepMacs"), Metadata("Data"), Metadata("Reconstruct"), Metadata("Samples")));
        Assert.All(points, p => Assert.Contains("--keep-macs", p.GetProperty("command").GetString(), StringComparison.Ordinal));
        // The time for all models is not that for one of them.
        Assert.All(all, p => Assert.DoesNotContain("ime-limit", p.GetProperty("command").GetString(), StringComparison.Ordinal));
        Assert.All(all, p => Assert.DoesNotContain("TimeLimit", p.GetProperty("item").GetString(), StringComparison.Ordinal));
        var timing = document.RootElement.GetProperty("timing");
        Assert.Equal((3600, false), (timing.GetProperty("limitSeconds").GetDouble(), timing.GetProperty("limitReached").GetBoolean()));
        string? Metadata(string name) => item.Attribute(name)?.Value;
    }

    [Fact]
    public void Exploring_ends_without_a_model_where_there_is_time_for_none()
    {
        var report = _folder.File("none.json");

        var run = CliRun.Of(["explore", SampleFiles.Model, "-o", report, "--time-limit", "0.001s", .. Data]);

        Assert.Equal(3, run.Code);
        Assert.Contains(DiagnosticCodes.TimeLimitReached, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(report));
    }

    [Fact]
    public void Without_a_budget_the_smallest_model_that_keeps_the_decisions_is_found()
    {
        var output = _folder.File("small.onnx");

        var run = CliRun.Of(["compress", SampleFiles.Model, "-o", output, "--min-agreement", "0.9", "--for", "bytes", "--precision", "float", "--methods", "svd", "--reconstruct", "local", "--json", .. Data]);

        Assert.Equal(0, run.Code);
        using var report = JsonDocument.Parse(run.Output);
        Assert.True(report.RootElement.GetProperty("verification").GetProperty("agreement").GetDouble() >= 0.9);
        Assert.True(new FileInfo(output).Length < new FileInfo(SampleFiles.Model).Length);
    }

    [Fact]
    public void A_goal_that_nothing_smaller_reaches_is_said_and_nothing_is_written()
    {
        var output = _folder.File("small.onnx");

        CliRun.Of(["compress", SampleFiles.Model, "-o", output, "--min-agreement", "1", "--precision", "float", "--methods", "svd", "--split", "plain", "--reconstruct", "none", "--include", "stem*", "--quiet", .. Data])
            .HasOneError(3, DiagnosticCodes.GoalNotReached, "agreement");
        Assert.False(File.Exists(output));
    }

    public void Dispose() => _folder.Dispose();
}
