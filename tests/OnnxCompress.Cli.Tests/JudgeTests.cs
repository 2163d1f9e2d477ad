using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.Json;
using OnnxCompress.Cli.Options;
using OnnxCompress.Diagnostics;
using OnnxCompress.Models;
using OnnxCompress.Testing;

namespace OnnxCompress.Cli.Tests;

/// <summary>A judge of the user's own: what it prints counts, and whatever it does, nothing is lost. Judges are scripts of the Unix shell.</summary>
public sealed class JudgeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Out => _folder.File("small.onnx");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("judge", "judge")]
    [InlineData("  a  'b c'\t\"d 'e\" ", "a|b c|d 'e")]
    [InlineData("a\"b c\"d ''", "ab cd|")]
    [InlineData("C:\\tools\\judge.exe $HOME;`x`", "C:\\tools\\judge.exe|$HOME;`x`")]
    [InlineData("'open", null)]
    [InlineData("   ", null)]
    [InlineData("'' x", null)]
    public void Words_are_parted_by_spaces_and_held_together_by_quotes_alone(string text, string? words) =>
        Assert.Equal(words, JudgeOptions.Words(text) is { } parts ? string.Join('|', parts) : null);

    [Theory]
    [InlineData("0.97", 0.97)]
    [InlineData(" -3e-1\n", -0.3)]
    [InlineData("{\"score\": 1, \"words\": 0.25, \"note\": \"x\"}", 1)]
    public void A_number_or_an_object_with_a_score_is_read(string output, double score)
    {
        var judged = Command("true").Parse(output);

        Assert.Equal(score, judged.Score);
        Assert.Equal(output.Contains("words", StringComparison.Ordinal) ? ["words"] : [], judged.Figures.Select(figure => figure.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("good")]
    [InlineData("[0.9]")]
    [InlineData("{\"points\": 1}")]
    [InlineData("{\"score\": \"1\"}")]
    [InlineData("1e999")]
    [InlineData("0.9 0.8")]
    public void Anything_else_is_named(string output)
    {
        var error = Assert.Throws<OnnxCompressException>(() => Command("true").Parse(output));

        Assert.Equal(DiagnosticCodes.JudgeFailed, error.Diagnostic.Code);
        Assert.Contains(output.Length == 0 ? "printed nothing" : output, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_judge_compares_plans_and_is_the_guard()
    {
        var log = _folder.File("seen");
        var judge = Script($"echo \"$2 $(sha256sum < \"$3\")\" >> '{log}'; echo '{{\"score\": 0.9, \"words\": 0.5}}'");

        var kept = Within("0.6", judge, "--min-agreement", "0.9", "--report", _folder.File("report.json"));
        Assert.True(kept.Code == 0, kept.Error);
        Assert.Contains("by the judge", kept.Output, StringComparison.Ordinal);
        var report = JsonDocument.Parse(File.ReadAllText(_folder.File("report.json"))).RootElement.GetProperty("judged");
        Assert.Equal((0.9, 0.5), (report.GetProperty("score").GetDouble(), report.GetProperty("figures")[0].GetProperty("value").GetDouble()));
        // Every plan that was compared, and the result; the first argument is the script's own, then come both models.
        var seen = File.ReadAllLines(log);
        Assert.True(seen.Length > 1, kept.Error);
        Assert.All(seen, line => Assert.StartsWith($"{Path.GetFullPath(SampleFiles.Model)} ", line, StringComparison.Ordinal));
        // None of them twice.
        Assert.Distinct(seen);
        Assert.Contains($"{Path.GetFullPath(SampleFiles.Model)} {Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Out)))}  -", seen);

        File.Delete(Out);
        var refused = Compress(judge, "--min-agreement", "0.95", "--trials", "1");
        Assert.Equal(3, refused.Code);
        Assert.Contains("The judge gives 0.9, less than --min-agreement 0.95", refused.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void The_sample_judge_compares_the_accuracy_over_classes()
    {
        var program = typeof(JudgeTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "JudgeProgram").Value!;

        var run = Compress($"dotnet '{program}' '{SampleFiles.Test}' '{SampleFiles.TestLabels}'", "--trials", "1", "--min-agreement", "0.5", "--report", _folder.File("report.json"));

        Assert.True(run.Code == 0, run.Error);
        var judged = JsonDocument.Parse(File.ReadAllText(_folder.File("report.json"))).RootElement.GetProperty("judged");
        var figures = judged.GetProperty("figures").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("value").GetDouble());
        Assert.InRange(figures["original"], 0.9, 1);
        Assert.InRange(figures["candidate"], 0.1, 1);
        Assert.Equal(figures["candidate"] / figures["original"], judged.GetProperty("score").GetDouble(), 1e-12);
    }

    [Fact]
    public void A_bound_on_the_error_holds_beside_a_judge()
    {
        var run = Compress(Script("echo 1"), "--trials", "1", "--decision", "regression", "--max-error", "1e-9");

        Assert.Equal(3, run.Code);
        Assert.Contains("more than --max-error 1E-09", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out));
    }

    [Fact]
    public void Without_a_budget_the_smallest_model_that_the_judge_accepts_is_made()
    {
        // It takes models that are at least 1,100,000 bytes, which is less than the original has.
        var judge = Script("if [ $(stat -c %s \"$3\") -ge 1100000 ]; then echo 1; else echo 0; fi");

        var run = CliRun.Of(
            "compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "40", "--methods", "id", "--reconstruct", "none",
            "--cache-dir", "none", "--precision", "float", "--for", "bytes", "--judge", judge);

        Assert.True(run.Code == 0, run.Error);
        Assert.InRange(new FileInfo(Out).Length, 1100000, new FileInfo(SampleFiles.Model).Length - 1);
    }

    [Theory]
    [InlineData("sleep 600", "did not end within 1 s")]
    [InlineData("yes", "prints more than 65536 characters")]
    [InlineData("echo no accuracy >&2; exit 5", "ended with exit code 5: 'no accuracy'")]
    [InlineData("kill -9 $$", "ended with exit code 137")]
    [InlineData("echo fine", "printed 'fine'")]
    [InlineData("sleep 20 & echo 0.9", "did not end within 1 s")]
    public void A_judge_that_misbehaves_costs_one_error_and_nothing_else(string script, string message)
    {
        var folders = Directory.GetDirectories(Path.GetTempPath(), RunFolder.Prefix + "*").SelectMany(Directory.GetDirectories).ToHashSet();
        var started = Stopwatch.GetTimestamp();

        var run = Compress(Script(script), "--judge-time", "1", "--trials", "1", "--report", _folder.File("report.json"));

        Assert.Equal(1, run.Code);
        Assert.Contains($"error {DiagnosticCodes.JudgeFailed}", run.Error, StringComparison.Ordinal);
        Assert.Contains(message, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Out) || File.Exists(_folder.File("report.json")));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2));
        Assert.DoesNotContain(
            Directory.GetDirectories(Path.GetTempPath(), RunFolder.Prefix + "*").SelectMany(Directory.GetDirectories),
            folder => !folders.Contains(folder) && File.Exists(Path.Combine(folder, "candidate.onnx")));
    }

    [Fact]
    public void A_judge_that_is_not_there_is_an_error()
    {
        var run = Compress("/nowhere/judge", "--trials", "1");

        Assert.Equal(1, run.Code);
        Assert.Contains("The judge '/nowhere/judge' cannot be started", run.Error, StringComparison.Ordinal);
    }

    private static JudgeCommand Command(params string[] words) => new(words, TimeSpan.FromSeconds(10), "m.onnx");

    private string Script(string text)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The shell of the test is a POSIX one.");
        var path = _folder.File($"judge-{Guid.NewGuid():N}.sh");
        File.WriteAllText(path, text + "\n");
        return $"sh '{path}' extra";
    }

    private CliRun Compress(string judge, params string[] more) => Within("0.9", judge, more);

    private CliRun Within(string budget, string judge, params string[] more) => CliRun.Of(
        ["compress", SampleFiles.Model, "-o", Out, "-d", SampleFiles.Calibration, "--scale", SampleFiles.Scale, "--samples", "40", "--keep-params", budget, "--methods", "id", "--reconstruct", "none",
            "--cache-dir", "none", "--judge", judge, .. more]);
}
